import { sizeOf } from '../host-tensor.ts';
import {
  type Dim,
  type Known,
  MAX_CONTENT,
  numbersOf,
  type Shape,
  staticShape,
  type Value,
} from '../value.ts';
import { broadcastIndices, broadcastShape, indicesOf, smallShape, stridesOf } from './content.ts';
import {
  axisOf,
  type Inferred,
  input,
  intAttribute,
  intsAttribute,
  type Operation,
  type Rule,
} from './rule.ts';

/** The shape that a tensor of dimensions says; of unknown rank where even its length is unknown. */
export function shapeFrom(dims: Value): Shape | undefined {
  if (dims.content !== undefined) return dims.content as readonly Dim[];
  const [length] = dims.shape ?? [];
  return typeof length === 'number' ? new Array<Dim>(length).fill(null) : undefined;
}

const reshape: Rule = (operation) => {
  const [x, dims] = [input(operation, 0), input(operation, 1)];
  const zeroIsZero = intAttribute(operation, 'allowzero', 0) === 1;
  const asked = shapeFrom(dims)?.map((d, i) => (d === 0 && !zeroIsZero ? (x.shape?.[i] ?? null) : d));
  const shape = asked && resolveRest(asked, x.shape);
  return [{ dtype: x.dtype, shape, content: staticShape(shape) && x.content }];
};

/** Finds what -1 stands for: the dimensions that are on both sides, named ones too, cancel each other. */
function resolveRest(asked: Shape, from: Shape | undefined): Shape {
  const at = asked.indexOf(-1);
  if (at < 0) return asked;
  const unknown = asked.with(at, null);
  if (from === undefined || from.includes(null) || asked.includes(null)) return unknown;
  const rest: Dim[] = [...from];
  for (const dim of asked.toSpliced(at, 1)) {
    if (typeof dim !== 'string') continue;
    const found = rest.indexOf(dim);
    if (found < 0) return unknown;
    rest.splice(found, 1);
  }
  const names = rest.filter((d) => typeof d === 'string');
  const product = (dims: readonly Dim[]) => sizeOf(dims.filter((d) => typeof d === 'number'));
  const count = product(rest) / product(asked.toSpliced(at, 1));
  if (names.length === 0) return Number.isInteger(count) ? asked.with(at, count) : unknown;
  return names.length === 1 && count === 1 ? asked.with(at, names[0] as string) : unknown;
}

const unsqueeze: Rule = (operation) => {
  const x = input(operation, 0);
  const axes = numbersOf(input(operation, 1));
  if (x.shape === undefined || axes === undefined) return [{ dtype: x.dtype, shape: undefined }];
  const rank = x.shape.length + axes.length;
  const ones = new Set(axes.map((axis) => axisOf(axis, rank)));
  const kept = [...x.shape];
  const shape = Array.from({ length: rank }, (_, d) => (ones.has(d) ? 1 : (kept.shift() ?? null)));
  return [{ dtype: x.dtype, shape, content: x.content }];
};

const squeeze: Rule = (operation) => {
  const x = input(operation, 0);
  const given = operation.inputs[1];
  const axes = given ? numbersOf(given) : undefined;
  if (x.shape === undefined || (given ? axes === undefined : staticShape(x.shape) === undefined)) {
    return [{ dtype: x.dtype, shape: undefined }];
  }
  const rank = x.shape.length;
  const gone = new Set(axes?.map((axis) => axisOf(axis, rank)));
  const shape = x.shape.filter((dim, d) => (axes === undefined ? dim !== 1 : !gone.has(d)));
  return [{ dtype: x.dtype, shape, content: x.content }];
};

const transpose: Rule = (operation) => {
  const x = input(operation, 0);
  const perm = intsAttribute(operation, 'perm') ?? x.shape?.map((_, d) => d).reverse();
  if (perm === undefined) return [{ dtype: x.dtype, shape: undefined }];
  const shape = perm.map((d) => x.shape?.[d] ?? null);
  const sizes = smallShape(shape);
  const { content } = x;
  if (content === undefined || sizes === undefined) return [{ dtype: x.dtype, shape }];
  const strides = stridesOf(staticShape(x.shape) ?? []);
  const moved = indicesOf(sizes).map((at) => {
    const from = perm.reduce((sum, d, i) => sum + (at[i] as number) * (strides[d] as number), 0);
    return content[from] as Known;
  });
  return [{ dtype: x.dtype, shape, content: moved }];
};

const concat: Rule = (operation) => {
  const parts = operation.inputs.map((_, i) => input(operation, i));
  const [first] = parts as [Value, ...Value[]];
  const { dtype } = first;
  const ranked = parts.find((p) => p.shape !== undefined)?.shape;
  if (ranked === undefined) return [{ dtype, shape: undefined }];
  const axis = axisOf(intAttribute(operation, 'axis', 0), ranked.length);
  const sizes = parts.map((p) => p.shape?.[axis] ?? null);
  const total = sizes.every((s) => typeof s === 'number') ? sizes.reduce((a, b) => a + b, 0) : null;
  const shape = ranked.map((_, d) => {
    if (d === axis) return parts.length === 1 ? (sizes[0] ?? null) : total;
    const dims = parts.map((p) => p.shape?.[d] ?? null);
    return dims.find((dim) => typeof dim === 'number') ?? dims.find((dim) => dim !== null) ?? null;
  });
  const whole = smallShape(shape);
  if (axis !== 0 || whole === undefined || parts.some((p) => p.content === undefined))
    return [{ dtype, shape }];
  return [{ dtype, shape, content: parts.flatMap((p) => p.content as readonly Known[]) }];
};

/** Where a slice begins, and how many elements it takes, as ONNX clamps them. */
function sliceRange(start: number, end: number, step: number, size: number): { from: number; count: number } {
  const clamp = (x: number, low: number, high: number) => Math.min(Math.max(x < 0 ? x + size : x, low), high);
  const from = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
  const to = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  return { from, count: Math.max(0, Math.ceil((to - from) / step)) };
}

const slice: Rule = (operation) => {
  const x = input(operation, 0);
  const [starts, ends] = [numbersOf(input(operation, 1)), numbersOf(input(operation, 2))];
  const count = starts?.length ?? input(operation, 1).shape?.[0];
  const given = operation.inputs[3];
  const axes = given
    ? numbersOf(given)
    : typeof count === 'number'
      ? Array.from({ length: count }, (_, i) => i)
      : undefined;
  const { shape: before, dtype } = x;
  if (before === undefined) return [{ dtype, shape: undefined }];
  if (axes === undefined) return [{ dtype, shape: before.map(() => null) }];
  const stepInput = operation.inputs[4];
  const steps = stepInput ? numbersOf(stepInput) : axes.map(() => 1);
  const shape: Dim[] = [...before];
  const ranges = before.map((size) => ({ from: 0, step: 1, count: size }));
  axes.forEach((raw, i) => {
    const axis = axisOf(raw, before.length);
    const size = before[axis] ?? null;
    const [start, end, step] = [starts?.[i], ends?.[i], steps?.[i]];
    const known = start !== undefined && end !== undefined && step !== undefined && step !== 0;
    if (known && start === 0 && step === 1 && end >= 0x7fffffff) return;
    shape[axis] = null;
    if (!known || typeof size !== 'number') return;
    const range = sliceRange(start, end, step, size);
    shape[axis] = range.count;
    ranges[axis] = { ...range, step };
  });
  const sizes = smallShape(shape);
  const { content } = x;
  if (content === undefined || sizes === undefined) return [{ dtype, shape }];
  const strides = stridesOf(staticShape(before) as number[]);
  const taken = indicesOf(sizes).map((at) => {
    const from = at.reduce((sum, i, d) => {
      const range = ranges[d] as { from: number; step: number };
      return sum + (range.from + i * range.step) * (strides[d] as number);
    }, 0);
    return content[from] as Known;
  });
  return [{ dtype, shape, content: taken }];
};

const split: Rule = (operation) => {
  const x = input(operation, 0);
  const { outputCount } = operation;
  const axis = axisOf(intAttribute(operation, 'axis', 0), x.shape?.length ?? 1);
  const size = x.shape?.[axis];
  const given = operation.inputs[1];
  const sizes = given ? numbersOf(given) : undefined;
  const even = given ? null : typeof size === 'number' ? evenPart(size, outputCount) : operation.newDim();
  let start = 0;
  return Array.from({ length: outputCount }, (_, i) => {
    const part = given ? (sizes?.[i] ?? null) : even;
    const shape = x.shape?.with(axis, part);
    const from = start;
    start += typeof part === 'number' ? part : 0;
    const content =
      x.shape?.length === 1 && typeof part === 'number' ? x.content?.slice(from, from + part) : undefined;
    return { dtype: x.dtype, shape, content };
  });
};

function evenPart(size: number, count: number): number | null {
  return size % count === 0 ? size / count : null;
}

const gather: Rule = (operation) => {
  const [x, indices] = [input(operation, 0), input(operation, 1)];
  const { dtype } = x;
  if (x.shape === undefined || indices.shape === undefined) return [{ dtype, shape: undefined }];
  const axis = axisOf(intAttribute(operation, 'axis', 0), x.shape.length);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const at = numbersOf(indices);
  const sizes = staticShape(x.shape);
  const { content } = x;
  if (axis !== 0 || at === undefined || content === undefined || sizes === undefined)
    return [{ dtype, shape }];
  const [rows = 0, ...inner] = sizes;
  const width = sizeOf(inner);
  if (at.length * width > MAX_CONTENT || at.some((i) => i < -rows || i >= rows)) return [{ dtype, shape }];
  const taken = at.flatMap((i) => content.slice(axisOf(i, rows) * width, (axisOf(i, rows) + 1) * width));
  return [{ dtype, shape, content: taken }];
};

const expand: Rule = (operation) => {
  const x = input(operation, 0);
  const shape = broadcastShape(x.shape, shapeFrom(input(operation, 1)));
  const sizes = smallShape(shape);
  const { content } = x;
  if (content === undefined || sizes === undefined) return [{ dtype: x.dtype, shape }];
  const from = broadcastIndices(staticShape(x.shape) as number[], sizes);
  return [{ dtype: x.dtype, shape, content: from.map((i) => content[i] as Known) }];
};

const range: Rule = (operation) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => input(operation, i)) as [Value, Value, Value];
  const known = [start, limit, delta].map((v) => numbersOf(v)?.[0]);
  const [a, b, d] = known;
  if (a === undefined || b === undefined || d === undefined || d === 0) {
    // Range(0, n) has n elements, whatever n is.
    const [length] = a === 0 && d === 1 ? (limit.content ?? []) : [];
    return [{ dtype: start.dtype, shape: [length ?? null] }];
  }
  const count = Math.max(0, Math.ceil((b - a) / d));
  const whole = start.dtype === 'int32' || start.dtype === 'int64';
  const content =
    whole && count <= MAX_CONTENT ? Array.from({ length: count }, (_, i) => a + i * d) : undefined;
  return [{ dtype: start.dtype, shape: [count], content }];
};

const shapeOf: Rule = (operation) => {
  const { shape } = input(operation, 0);
  return [{ dtype: 'int64', shape: [shape?.length ?? null], content: shape }];
};

const size: Rule = (operation) => {
  const sizes = staticShape(input(operation, 0).shape);
  return [{ dtype: 'int64', shape: [], content: sizes && [sizeOf(sizes)] }];
};

const tile: Rule = (operation) => {
  const x = input(operation, 0);
  const repeats = input(operation, 1).content;
  const shape = x.shape?.map((dim, d): Dim => {
    const times = repeats?.[d];
    if (times === 1) return dim;
    if (dim === 1 && times !== undefined) return times;
    return typeof dim === 'number' && typeof times === 'number' ? dim * times : null;
  });
  return [{ dtype: x.dtype, shape }];
};

const pad: Rule = (operation) => {
  const x = input(operation, 0);
  const pads = numbersOf(input(operation, 1));
  const rank = x.shape?.length ?? 0;
  const shape = x.shape?.map((dim, d): Dim => {
    const total = pads === undefined ? undefined : (pads[d] ?? 0) + (pads[d + rank] ?? 0);
    if (total === 0) return dim;
    return typeof dim === 'number' && total !== undefined ? dim + total : null;
  });
  return [{ dtype: x.dtype, shape }];
};

const gatherNd: Rule = (operation) => {
  const [x, indices] = [input(operation, 0), input(operation, 1)];
  const depth = indices.shape?.at(-1);
  const shape =
    x.shape !== undefined && indices.shape !== undefined && typeof depth === 'number'
      ? [...indices.shape.slice(0, -1), ...x.shape.slice(depth)]
      : undefined;
  return [{ dtype: x.dtype, shape }];
};

const oneHot: Rule = (operation) => {
  const [indices, depth, values] = [0, 1, 2].map((i) => input(operation, i)) as [Value, Value, Value];
  const axis = intAttribute(operation, 'axis', -1);
  const size: Dim = numbersOf(depth)?.[0] ?? null;
  const shape = indices.shape?.toSpliced(axisOf(axis, indices.shape.length + 1), 0, size);
  return [{ dtype: values.dtype, shape }];
};

const nonZero: Rule = (operation) => [
  { dtype: 'int64', shape: [input(operation, 0).shape?.length ?? null, null] },
];

/** Blocks between channels and space, channels first. */
const blocks =
  (
    change: (size: number, factor: number) => number,
    squareOfDepth: (size: number, square: number) => number,
  ): Rule =>
  (operation) => {
    const x = input(operation, 0);
    const factor = intAttribute(operation, 'blocksize', 1);
    const resized = (dim: Dim, by: (size: number, factor: number) => number, f: number) =>
      typeof dim === 'number' ? by(dim, f) : null;
    const shape = x.shape?.map((dim, d) => {
      if (d === 0) return dim;
      return d === 1 ? resized(dim, squareOfDepth, factor * factor) : resized(dim, change, factor);
    });
    return [{ dtype: x.dtype, shape }];
  };

const times = (a: number, b: number) => a * b;
const over = (a: number, b: number) => a / b;

const constantOfShape: Rule = ({ attributes, ...operation }) => {
  const value = attributes.value;
  const dtype = typeof value === 'object' && 'tensor' in value ? value.tensor.dtype : 'float';
  return [{ dtype, shape: shapeFrom(input({ attributes, ...operation }, 0)) } satisfies Inferred];
};

const resize: Rule = (operation: Operation) => {
  const x = input(operation, 0);
  const [, , scales, sizes] = operation.inputs;
  if (sizes) return [{ dtype: x.dtype, shape: shapeFrom(sizes) }];
  const factors = scales ? numbersOf(scales) : undefined;
  // In single precision, as ONNX Runtime multiplies them.
  const scaled = (dim: number, by: number) => Math.floor(Math.fround(Math.fround(by) * dim));
  const shape = x.shape?.map((dim, d) => {
    const by = factors?.[d];
    if (by === 1) return dim;
    return typeof dim === 'number' && by !== undefined ? scaled(dim, by) : null;
  });
  return [{ dtype: x.dtype, shape }];
};

export const MOVEMENT: Readonly<Record<string, Rule>> = {
  Shape: shapeOf,
  Size: size,
  Reshape: reshape,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Transpose: transpose,
  Concat: concat,
  Slice: slice,
  Split: split,
  Gather: gather,
  GatherND: gatherNd,
  GatherElements: (operation) => [{ dtype: input(operation, 0).dtype, shape: input(operation, 1).shape }],
  Expand: expand,
  ConstantOfShape: constantOfShape,
  Range: range,
  Tile: tile,
  Pad: pad,
  OneHot: oneHot,
  NonZero: nonZero,
  DepthToSpace: blocks(times, over),
  SpaceToDepth: blocks(over, times),
  Resize: resize,
};
