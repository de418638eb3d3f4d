import { type Dim, numbersOf, type Shape, type Value } from '../value.ts';
import { broadcastShape } from './content.ts';
import {
  axisOf,
  type Inferred,
  input,
  intAttribute,
  intsAttribute,
  type Operation,
  type Rule,
} from './rule.ts';

const matMul: Rule = (operation) => {
  const [a, b] = [input(operation, 0), input(operation, 1)];
  if (a.shape === undefined || b.shape === undefined) return [{ dtype: a.dtype, shape: undefined }];
  if (a.shape.length < 2 || b.shape.length < 2) return [{ dtype: a.dtype, shape: undefined }];
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)) as Shape;
  return [{ dtype: a.dtype, shape: [...batch, a.shape.at(-2) ?? null, b.shape.at(-1) ?? null] }];
};

const gemm: Rule = (operation) => {
  const [a, b] = [input(operation, 0), input(operation, 1)];
  const rows = a.shape?.[intAttribute(operation, 'transA', 0)] ?? null;
  const columns = b.shape?.[1 - intAttribute(operation, 'transB', 0)] ?? null;
  return [{ dtype: a.dtype, shape: [rows, columns] }];
};

/** Only the rank and the names that stay in place: `ij,jk->ik`. */
const einsum: Rule = (operation) => {
  const { equation } = operation.attributes;
  const { dtype } = input(operation, 0);
  if (typeof equation !== 'string' || equation.includes('.')) return [{ dtype, shape: undefined }];
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  if (right === undefined) return [{ dtype, shape: undefined }];
  const sizes = new Map<string, Dim>();
  left.split(',').forEach((letters, i) => {
    [...letters].forEach((letter, d) => {
      const dim = input(operation, i).shape?.[d] ?? null;
      // One of 1 is broadcast to another.
      if (dim !== null && (dim !== 1 || !sizes.has(letter))) sizes.set(letter, dim);
    });
  });
  return [{ dtype, shape: [...right].map((letter) => sizes.get(letter) ?? null) }];
};

/** The size of one spatial dimension after a window went over it. */
function windowed(operation: Operation, dim: Dim, kernel: Dim, axis: number, rank: number): Dim {
  if (typeof dim !== 'number' || typeof kernel !== 'number') return null;
  const stride = intsAttribute(operation, 'strides')?.[axis] ?? 1;
  const dilation = intsAttribute(operation, 'dilations')?.[axis] ?? 1;
  const pads = intsAttribute(operation, 'pads');
  if (operation.attributes.auto_pad === 'SAME_UPPER') return Math.ceil(dim / stride);
  const before = pads?.[axis] ?? 0;
  const extent = dim + before + (pads?.[axis + rank] ?? 0) - (dilation * (kernel - 1) + 1);
  if (extent < 0) return null;
  if (intAttribute(operation, 'ceil_mode', 0) === 0) return Math.floor(extent / stride) + 1;
  const count = Math.ceil(extent / stride) + 1;
  // ONNX Runtime leaves out a window that would begin behind the image.
  return (count - 1) * stride >= dim + before ? count - 1 : count;
}

function windows(operation: Operation, channels: Dim, kernel: readonly Dim[]): Shape | undefined {
  const { shape } = input(operation, 0);
  const spatial = shape?.slice(2) ?? kernel.map(() => null);
  const rank = spatial.length;
  return [
    shape?.[0] ?? null,
    channels,
    ...spatial.map((dim, d) => windowed(operation, dim, kernel[d] ?? null, d, rank)),
  ];
}

const conv: Rule = (operation) => {
  const [x, w] = [input(operation, 0), input(operation, 1)];
  const kernel = w.shape?.slice(2) ?? x.shape?.slice(2).map(() => null);
  return [{ dtype: x.dtype, shape: kernel && windows(operation, w.shape?.[0] ?? null, kernel) }];
};

/** The size of one spatial dimension of a transposed convolution. */
function spread(operation: Operation, axis: number): Dim {
  const [x, w] = [input(operation, 0), input(operation, 1)];
  const [dim, kernel] = [x.shape?.[axis + 2], w.shape?.[axis + 2]];
  const { auto_pad: named } = operation.attributes;
  const isNamed = named !== undefined && named !== 'NOTSET' && named !== 'VALID';
  if (typeof dim !== 'number' || typeof kernel !== 'number' || isNamed) return null;
  const [stride, dilation] = [
    intsAttribute(operation, 'strides')?.[axis] ?? 1,
    intsAttribute(operation, 'dilations')?.[axis] ?? 1,
  ];
  const pads = intsAttribute(operation, 'pads');
  const cut = pads === undefined ? 0 : (pads[axis] ?? 0) + (pads[axis + pads.length / 2] ?? 0);
  const more = intsAttribute(operation, 'output_padding')?.[axis] ?? 0;
  return stride * (dim - 1) + more + (kernel - 1) * dilation + 1 - cut;
}

const convTranspose: Rule = (operation) => {
  const [x, w] = [input(operation, 0), input(operation, 1)];
  const rank = x.shape?.length ?? w.shape?.length;
  if (rank === undefined) return [{ dtype: x.dtype, shape: undefined }];
  const sizes = intsAttribute(operation, 'output_shape');
  const spatial = Array.from({ length: rank - 2 }, (_, d) => sizes?.[d] ?? spread(operation, d));
  const perGroup = w.shape?.[1];
  const channels = typeof perGroup === 'number' ? perGroup * intAttribute(operation, 'group', 1) : null;
  return [{ dtype: x.dtype, shape: [x.shape?.[0] ?? null, channels, ...spatial] }];
};

const pool: Rule = (operation) => {
  const x = input(operation, 0);
  const kernel = intsAttribute(operation, 'kernel_shape') ?? [];
  const shape = windows(operation, x.shape?.[1] ?? null, kernel);
  const indices: Inferred = { dtype: 'int64', shape };
  return [{ dtype: x.dtype, shape }, indices].slice(0, operation.outputCount);
};

const gridSample: Rule = (operation) => {
  const [x, grid] = [input(operation, 0), input(operation, 1)];
  const shape = x.shape && grid.shape && [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)];
  return [{ dtype: x.dtype, shape }];
};

const globalPool: Rule = (operation) => {
  const x = input(operation, 0);
  return [{ dtype: x.dtype, shape: x.shape?.map((dim, d) => (d < 2 ? dim : 1)) }];
};

const batchNormalization: Rule = (operation) => {
  const { dtype, shape } = input(operation, 0);
  return [{ dtype, shape }];
};

function reducedShape(x: Value, axes: readonly number[] | undefined, keep: boolean): Shape | undefined {
  const { shape } = x;
  if (axes === undefined || shape === undefined) return keep ? shape?.map(() => null) : undefined;
  const gone = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return keep ? shape.map((dim, d) => (gone.has(d) ? 1 : dim)) : shape.filter((_, d) => !gone.has(d));
}

const reduce =
  (of?: (all: readonly number[]) => number): Rule =>
  (operation) => {
    const x = input(operation, 0);
    const given = operation.inputs[1];
    const noop = intAttribute(operation, 'noop_with_empty_axes', 0) === 1;
    const axes = given ? numbersOf(given) : x.shape?.map((_, d) => d);
    const keep = intAttribute(operation, 'keepdims', 1) === 1;
    if (axes?.length === 0 && noop) return [{ dtype: x.dtype, shape: x.shape, content: x.content }];
    const shape = reducedShape(x, axes, keep);
    const all = numbersOf(x);
    const whole = x.dtype === 'int32' || x.dtype === 'int64';
    const content = of && whole && all && axes?.length === 1 && x.shape?.length === 1 ? [of(all)] : undefined;
    return [{ dtype: x.dtype, shape, content: content?.every(Number.isSafeInteger) ? content : undefined }];
  };

const argReduce: Rule = (operation) => {
  const axis = intAttribute(operation, 'axis', 0);
  const keep = intAttribute(operation, 'keepdims', 1) === 1;
  return [{ dtype: 'int64', shape: reducedShape(input(operation, 0), [axis], keep) }];
};

const topK: Rule = (operation) => {
  const [x, k] = [input(operation, 0), input(operation, 1)];
  const axis = intAttribute(operation, 'axis', -1);
  const shape = x.shape?.with(axisOf(axis, x.shape.length), k.content?.[0] ?? null);
  const outputs: Inferred[] = [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
  return outputs;
};

export const NEURAL: Readonly<Record<string, Rule>> = {
  MatMul: matMul,
  Gemm: gemm,
  Einsum: einsum,
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool,
  AveragePool: pool,
  GridSample: gridSample,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  BatchNormalization: batchNormalization,
  ReduceSum: reduce((all) => all.reduce((a, b) => a + b, 0)),
  ReduceProd: reduce((all) => all.reduce((a, b) => a * b, 1)),
  ReduceMax: reduce((all) => Math.max(...all)),
  ReduceMin: reduce((all) => Math.min(...all)),
  ReduceMean: reduce(),
  ReduceL1: reduce(),
  ReduceL2: reduce(),
  ReduceSumSquare: reduce(),
  ReduceLogSum: reduce(),
  ReduceLogSumExp: reduce(),
  ArgMax: argReduce,
  ArgMin: argReduce,
  TopK: topK,
};
