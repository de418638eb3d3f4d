import type { DataType } from '../../onnx-graph/data-types.ts';
import { INTEGERS } from '../../onnx-graph/data-types.ts';
import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps } from '../op-registry.ts';
import { joined, sizeAt, sizesFrom, upTo } from './sizes.ts';
import { fromChannelsFirst, toChannelsFirst } from './spatial.ts';

const DTYPES: readonly DataType[] = ['float', 'double', 'float16', ...INTEGERS];
const LAYOUT = { rank: 4, channelsLast: true };
const { fround } = Math;

/** How a pixel of the result is found in the image. */
interface Sampling {
  readonly alignCorners: boolean;
  readonly halfPixels: boolean;
}

function samplingOf(op: OpContext): Sampling {
  return {
    alignCorners: op.attributes.bool('align_corners'),
    halfPixels: op.attributes.bool('half_pixel_centers'),
  };
}

/** Between the pixels around, as float whatever the image is. @param size two numbers, int64. */
export function bilinear(op: OpContext, image: Value, size: Value, sampling: Sampling): Value {
  const x = toChannelsFirst(op, LAYOUT, op.cast(image, 'float'));
  const [height, width] = numbersOf(size) ?? [null, null];
  const shape = [x.shape?.[0] ?? null, x.shape?.[1] ?? null, height ?? null, width ?? null];
  // ONNX's inference of shapes stumbles over a vector of sizes whose length it does not know.
  const sizes = joined(op, sizesFrom(op, x, 0, 2), op.reshape(size, [2]));
  const mode = sampling.alignCorners ? 'align_corners' : sampling.halfPixels ? 'half_pixel' : 'asymmetric';
  const y = op.emit(
    'Resize',
    [x, null, null, sizes],
    { mode: 'linear', coordinate_transformation_mode: mode },
    { outputs: [{ dtype: 'float', shape }] },
  );
  return fromChannelsFirst(op, LAYOUT, y);
}

/** Positions of the result along an axis times the scale, each step rounded to float as TensorFlow does. */
function scaled(op: OpContext, before: Value, after: Value, { alignCorners, halfPixels }: Sampling): Value {
  const [one, two] = [op.ints([1]), op.ints([2])];
  const ratio = (x: Value, y: Value) => op.emit('Div', [op.cast(x, 'float'), op.cast(y, 'float')]);
  const less = (x: Value) => op.emit('Sub', [x, one]);
  const plain = ratio(before, after);
  const aligned = () => {
    const inner = ratio(less(before), op.emit('Max', [less(after), one]));
    return op.emit('Where', [op.emit('Less', [after, two]), plain, inner]);
  };
  const positions = upTo(op, after, 'float');
  const centres = halfPixels ? op.emit('Add', [positions, op.scalar('float', 0.5)]) : positions;
  return op.emit('Mul', [centres, alignCorners ? aligned() : plain]);
}

/** The nearest pixel: each axis is gathered, so that any dtype is copied as it is. */
function nearest(op: OpContext): Value {
  const sampling = samplingOf(op);
  const size = op.vector(1);
  return [1, 2].reduce((image, axis) => {
    const before = sizeAt(op, image, axis);
    const after = op.emit('Slice', [size, op.ints([axis - 1]), op.ints([axis])]);
    const places = scaled(op, before, after, sampling);
    // In double half is added exactly, and so rounds as C's roundf.
    const half = () => op.emit('Add', [op.cast(places, 'double'), op.scalar('double', 0.5)]);
    const floor = op.emit('Floor', [sampling.alignCorners ? half() : places]);
    const last = op.emit('Sub', [before, op.ints([1])]);
    return op.emit('Gather', [image, op.emit('Min', [op.cast(floor, 'int64'), last])], { axis });
  }, op.input(0));
}

/** What each pixel of the result takes of each pixel of the image, along one axis. */
type Weights = (before: number, after: number, sampling: Sampling) => number[][];

function scaleOf(before: number, after: number, { alignCorners }: Sampling): number {
  return alignCorners && after > 1 ? fround((before - 1) / (after - 1)) : fround(before / after);
}

/** TensorFlow looks weights up in a table of this many steps between two pixels. */
const TABLE = 1024;

/** Keys' cubic convolution. What is outside of the image repeats its edge, or does not count where pixels have centres. */
const cubic: Weights = (before, after, sampling) => {
  const keys = sampling.halfPixels;
  const a = keys ? -0.5 : -0.75;
  const near = (x: number) => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number) => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  const scale = scaleOf(before, after, sampling);
  return Array.from({ length: after }, (_, i) => {
    const at = keys ? fround(fround(fround(i + 0.5) * scale) - 0.5) : fround(i * scale);
    const start = Math.floor(at);
    const delta = Math.round((at - start) * TABLE) / TABLE;
    const four = [far(1 + delta), near(delta), near(1 - delta), far(2 - delta)];
    const row = new Array<number>(before).fill(0);
    four.forEach((weight, n) => {
      const pixel = start - 1 + n;
      const inside = Math.min(Math.max(pixel, 0), before - 1);
      if (!keys || inside === pixel) row[inside] = (row[inside] as number) + weight;
    });
    const sum = row.reduce((total, weight) => total + weight, 0);
    return keys && sum !== 0 ? row.map((weight) => weight / sum) : row;
  });
};

/** The share that each pixel has of the area that becomes one. */
const area: Weights = (before, after, sampling) => {
  const scale = scaleOf(before, after, sampling);
  return Array.from({ length: after }, (_, i) => {
    const [from, to] = [fround(i * scale), fround((i + 1) * scale)];
    const row = new Array<number>(before).fill(0);
    for (let pixel = Math.floor(from); pixel < Math.ceil(to); pixel++) {
      const inside = Math.min(Math.max(pixel, 0), before - 1);
      const share = Math.min(pixel + 1, to) - Math.max(pixel, from);
      row[inside] = (row[inside] as number) + share / scale;
    }
    return row;
  });
};

/** Multiplies both axes by their weights, which is all that a separable filter is. */
function filtered(op: OpContext, weights: Weights): Value {
  const image = op.cast(op.input(0), 'float');
  const size = op.constantInts(1, 'size');
  const sampling = samplingOf(op);
  const matrix = (axis: 1 | 2) => {
    const before = image.shape?.[axis];
    const after = size[axis - 1] ?? 0;
    if (typeof before !== 'number') op.fail('the size of its image has to be known');
    return op.builder.fill('float', [after, before], weights(before, after, sampling).flat());
  };
  const [rows, columns] = [matrix(1), matrix(2)];
  const [batch, channels] = [sizeAt(op, image, 0), sizeAt(op, image, 3)];
  const lines = op.emit('Reshape', [image, joined(op, sizesFrom(op, image, 0, 2), op.ints([-1]))], {
    allowzero: 0,
  });
  const tall = op.emit('MatMul', [rows, lines]);
  const [height = 0, width = 0] = size;
  const perLine = joined(op, batch, op.ints([height]), sizesFrom(op, image, 2));
  return op.emit(
    'Reshape',
    [
      op.emit('MatMul', [columns, op.emit('Reshape', [tall, perLine])]),
      joined(op, batch, op.ints([height, width]), channels),
    ],
    {},
  );
}

interface Axis {
  /** Where in the image the crop's pixels are, [boxes, pixels]. */
  readonly at: Value;
  readonly isInside: Value;
  /** The last pixel of the image. */
  readonly last: Value;
}

/** One axis of a crop: boxes are fractions of the image from its first to its last pixel. */
function cropAxis(op: OpContext, axis: 0 | 1, image: Value, boxes: Value, count: Value): Axis {
  const corner = (i: number) => op.emit('Gather', [boxes, op.ints([i])], { axis: 1 });
  const [from, to] = [corner(axis), corner(axis + 2)];
  const last = op.emit('Sub', [sizeAt(op, image, axis + 1), op.ints([1])]);
  const extent = op.cast(last, 'float');
  const one = op.ints([1]);
  const steps = op.cast(op.emit('Max', [op.emit('Sub', [count, one]), one]), 'float');
  const step = op.emit('Div', [op.emit('Mul', [op.emit('Sub', [to, from]), extent]), steps]);
  const along = op.emit('Add', [
    op.emit('Mul', [from, extent]),
    op.emit('Mul', [upTo(op, count, 'float'), step]),
  ]);
  const sum = op.emit('Mul', [op.emit('Add', [from, to]), op.scalar('float', 0.5)]);
  const middle = op.emit('Mul', [sum, extent]);
  const at = op.emit('Where', [op.emit('Greater', [count, one]), along, middle]);
  const isInside = op.emit('And', [
    op.emit('GreaterOrEqual', [at, op.scalar('float', 0)]),
    op.emit('LessOrEqual', [at, extent]),
  ]);
  // What is outside, NaN too, must not be an index.
  return { at: op.emit('Where', [isInside, at, op.scalar('float', 0)]), isInside, last };
}

/** Crops of one size: pixels of the image, by their points [boxes, rows, columns, 3]. */
function cropAndResize(op: OpContext): Value {
  const [image, boxes, owners] = [op.cast(op.input(0), 'float'), op.input(1), op.input(2)];
  const size = op.vector(3);
  const part = (i: number) => op.emit('Slice', [size, op.ints([i]), op.ints([i + 1])]);
  const rows = cropAxis(op, 0, image, boxes, part(0));
  const columns = cropAxis(op, 1, image, boxes, part(1));
  const down = (value: Value) => op.emit('Unsqueeze', [value, op.ints([2])]);
  const across = (value: Value) => op.emit('Unsqueeze', [value, op.ints([1])]);
  const isInside = op.emit('And', [down(rows.isInside), across(columns.isInside)]);
  const shape = op.shapeOf(isInside);
  const owner = op.reshape(op.cast(owners, 'int64'), [-1, 1, 1]);
  const pixels = (y: Value, x: Value) => {
    const indices = [owner, down(op.cast(y, 'int64')), across(op.cast(x, 'int64'))];
    const points = indices.map((index) =>
      op.emit('Unsqueeze', [op.emit('Expand', [index, shape]), op.ints([-1])]),
    );
    return op.emit('GatherND', [image, op.emit('Concat', points, { axis: -1 })]);
  };
  const method = op.attributes.text('method', 'bilinear');
  const pixelOrNothing = (value: Value) => {
    const outside = op.scalar('float', op.attributes.float('extrapolation_value', 0));
    return op.emit('Where', [op.emit('Unsqueeze', [isInside, op.ints([-1])]), value, outside]);
  };
  if (method === 'nearest') {
    // Rounds half away from zero, as C does; nothing is below zero here.
    const round = ({ at }: Axis) => {
      const half = op.emit('Add', [op.cast(at, 'double'), op.scalar('double', 0.5)]);
      return op.emit('Floor', [half]);
    };
    return pixelOrNothing(pixels(round(rows), round(columns)));
  }
  if (method !== 'bilinear') op.fail(`its method is ${method}`);
  const [top, left] = [op.emit('Floor', [rows.at]), op.emit('Floor', [columns.at])];
  const [bottom, right] = [op.emit('Ceil', [rows.at]), op.emit('Ceil', [columns.at])];
  const weight = (value: Value) => op.emit('Unsqueeze', [value, op.ints([-1])]);
  const between = (a: Value, b: Value, by: Value) =>
    op.emit('Add', [a, op.emit('Mul', [op.emit('Sub', [b, a]), by])]);
  const inRow = weight(across(op.emit('Sub', [columns.at, left])));
  const upper = between(pixels(top, left), pixels(top, right), inRow);
  const lower = between(pixels(bottom, left), pixels(bottom, right), inRow);
  return pixelOrNothing(between(upper, lower, weight(down(op.emit('Sub', [rows.at, top])))));
}

const KNOWN = 'a constant size, and an image of a known size';

export const resizing = defineOps('Resizing and cropping', {
  ResizeBilinear: {
    dtypes: DTYPES,
    ranks: [4],
    lower: (op) => bilinear(op, op.input(0), op.vector(1), samplingOf(op)),
  },
  ResizeNearestNeighbor: { dtypes: DTYPES, ranks: [4], lower: nearest },
  ResizeBicubic: { dtypes: DTYPES, ranks: [4], limits: KNOWN, lower: (op) => filtered(op, cubic) },
  ResizeArea: { dtypes: DTYPES, ranks: [4], limits: KNOWN, lower: (op) => filtered(op, area) },
  CropAndResize: {
    dtypes: DTYPES,
    ranks: [4, 2, 1],
    limits: 'negative indices of images count from the end instead of being refused',
    lower: cropAndResize,
  },
});
