import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps } from '../op-registry.ts';
import { sizeAt, upTo } from './sizes.ts';
import { stridedSlice } from './strided-slice.ts';

/** Further than any dimension reaches: ONNX clamps it. */
const END = 2 ** 31 - 1;

function slice(op: OpContext): Value {
  const x = op.input(0);
  const [begin, size] = [op.knownInts(1), op.knownInts(2)];
  if (begin !== undefined && size !== undefined) {
    const ends = size.map((count, i) => (count === -1 ? END : (begin[i] ?? 0) + count));
    return op.emit('Slice', [x, op.ints(begin), op.ints(ends)]);
  }
  const [starts, counts] = [op.vector(1), op.vector(2)];
  const toEnd = op.emit('Equal', [counts, op.ints([-1])]);
  return op.emit('Slice', [
    x,
    starts,
    op.emit('Where', [toEnd, op.ints([END]), op.emit('Add', [starts, counts])]),
  ]);
}

/** Paddings [n, 2] as ONNX takes them: all in front, then all behind. */
function pads(op: OpContext, input = 1): Value {
  return op.reshape(op.transpose(op.cast(op.input(input), 'int64'), [1, 0]), [-1]);
}

/**
 * Padding that mirrors the edge too: each padded axis is gathered by the indices of a wave of period 2n, 0..n-1 and back.
 */
function symmetricPad(op: OpContext, value: Value, input: number): Value {
  const paddings = op.constantInts(input, 'paddings');
  const zero = op.scalar('int64', 0);
  const one = op.scalar('int64', 1);
  let x = value;
  for (let axis = 0; axis * 2 < paddings.length; axis++) {
    const [before = 0, after = 0] = paddings.slice(axis * 2, axis * 2 + 2);
    if (before === 0 && after === 0) continue;
    const size = op.emit('Gather', [op.shapeOf(x), op.scalar('int64', axis)], { axis: 0 });
    const limit = op.emit('Add', [size, op.scalar('int64', after)]);
    const positions = op.emit('Range', [op.emit('Sub', [zero, op.scalar('int64', before)]), limit, one]);
    const period = op.emit('Max', [op.emit('Add', [size, size]), one]);
    const phase = op.emit('Mod', [positions, period]);
    const back = op.emit('Sub', [op.emit('Sub', [period, one]), phase]);
    const indices = op.emit('Where', [op.emit('Less', [phase, size]), phase, back]);
    x = op.emit('Gather', [x, indices], { axis });
  }
  return x;
}

/** @param input which one has the paddings. */
export function mirrored(op: OpContext, value: Value, input: number): Value {
  return op.attributes.text('mode', 'REFLECT') === 'SYMMETRIC'
    ? symmetricPad(op, value, input)
    : op.emit('Pad', [value, pads(op, input)], { mode: 'reflect' });
}

function gather(op: OpContext, axis: number, batchDims: number): Value {
  const [x, indices] = [op.input(0), op.input(1)];
  if (batchDims === 0) return op.emit('Gather', [x, indices], { axis });
  const rank = op.knownRank(x, 'params');
  if (axis !== batchDims && axis + rank !== batchDims) op.fail('batch_dims has to be the axis');
  const points = op.emit('Unsqueeze', [op.cast(indices, 'int64'), op.ints([-1])]);
  const shape = indices.shape && x.shape && [...indices.shape, ...x.shape.slice(batchDims + 1)];
  const outputs = [{ dtype: x.dtype, shape }];
  return op.emit('GatherND', [x, points], { batch_dims: batchDims }, { outputs });
}

function reversed(op: OpContext, axes: readonly number[]): Value {
  if (axes.length === 0) return op.input(0);
  const each = (value: number) => op.ints(axes.map(() => value));
  return op.emit('Slice', [op.input(0), each(END), each(-END), op.ints(axes), each(-1)]);
}

/** The first elements along an axis are reversed, of each slice as many as its length says. */
function reverseSequence(op: OpContext): Value {
  const x = op.input(0);
  const [along, batch] = [op.attributes.int('seq_dim', 0), op.attributes.int('batch_dim', 0)];
  const rank = op.knownRank(x, 'input');
  const dims = Array.from({ length: rank }, (_, d) => d);
  // ONNX knows the first two dimensions only.
  const perm = [batch, along, ...dims.filter((d) => d !== batch && d !== along)];
  const lengths = op.cast(op.input(1), 'int64');
  const attributes = { batch_axis: 0, time_axis: 1 };
  const y = op.emit('ReverseSequence', [op.transpose(x, perm), lengths], attributes);
  return op.transpose(
    y,
    dims.map((d) => perm.indexOf(d)),
  );
}

export const slices = defineOps('Slices, padding and indices', {
  Slice: { lower: slice },
  StridedSlice: { limits: 'constant strides', lower: stridedSlice },
  Pad: { lower: (op) => op.emit('Pad', [op.input(0), pads(op)], { mode: 'constant' }) },
  PadV2: { lower: (op) => op.emit('Pad', [op.input(0), pads(op), op.input(2)], { mode: 'constant' }) },
  MirrorPad: {
    limits: 'with mode SYMMETRIC constant paddings',
    lower: (op) => mirrored(op, op.input(0), 1),
  },
  Gather: {
    limits: 'negative indices count from the end instead of being refused',
    lower: (op) => gather(op, 0, 0),
  },
  GatherV2: {
    limits:
      'a constant axis; batch_dims 0 or the axis; negative indices count from the end instead of being refused',
    lower: (op) => gather(op, op.constantInt(2, 'axis'), op.attributes.int('batch_dims', 0)),
  },
  GatherNd: {
    limits: 'negative indices count from the end instead of being refused',
    lower: (op) => op.emit('GatherND', [op.input(0), op.cast(op.input(1), 'int64')]),
  },
  ReverseV2: {
    limits: 'constant axes',
    lower(op) {
      return reversed(op, op.constantInts(1, 'axes'));
    },
  },
  Reverse: {
    limits: 'constant dims',
    lower(op) {
      const dims = op.constantInts(1, 'dims');
      return reversed(
        op,
        dims.flatMap((isReversed, d) => (isReversed === 0 ? [] : [d])),
      );
    },
  },
  ReverseSequence: { typeAttribute: 'T', lower: reverseSequence },
  Roll: {
    limits: 'constant axes',
    lower(op) {
      const axes = op.constantInts(2, 'axes');
      const shifts = op.vector(1);
      return axes.reduce((x, axis, i) => {
        const size = sizeAt(op, x, axis);
        const shift = op.emit('Gather', [shifts, op.ints([i])], { axis: 0 });
        const back = op.emit('Sub', [upTo(op, size), shift]);
        // Of an empty axis nothing is taken, and nothing may be divided by its size.
        const places = op.emit('Mod', [back, op.emit('Max', [size, op.ints([1])])], { fmod: 0 });
        return op.emit('Gather', [x, places], { axis });
      }, op.input(0));
    },
  },
  OneHot: {
    typeAttribute: 'TI',
    lower(op) {
      const indices = op.cast(op.input(0), 'int64');
      const axis = op.attributes.int('axis', -1);
      const depth = op.cast(op.input(1), 'int64');
      const levels = op.emit('Range', [op.scalar('int64', 0), depth, op.scalar('int64', 1)]);
      const after = axis === -1 ? 0 : op.knownRank(indices, 'indices') - axis;
      const column = after === 0 ? levels : op.reshape(levels, [-1, ...new Array(after).fill(1)]);
      const hot = op.emit('Equal', [op.emit('Unsqueeze', [indices, op.ints([axis])]), column]);
      return op.emit('Where', [hot, op.input(2), op.input(3)]);
    },
  },
  Where: { lower: (op) => op.transpose(op.emit('NonZero', [op.input(0)]), [1, 0]) },
});
