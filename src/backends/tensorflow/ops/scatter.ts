import { NUMBERS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps, type OpDefinition } from '../op-registry.ts';
import { filled, flat, joined, overInner, sizeAt, sizesFrom, upTo } from './sizes.ts';

export type Reduction = 'add' | 'mul' | 'max' | 'min';

/** `x` with the updates at the points [..., depth]: in the place of what is there, or combined with it. */
export function scattered(
  op: OpContext,
  x: Value,
  points: Value,
  updates: Value,
  reduction?: Reduction,
): Value {
  // ONNX Runtime combines no halves.
  const isHalf = reduction !== undefined && x.dtype === 'float16';
  const [target, news] = isHalf ? [op.cast(x, 'float'), op.cast(updates, 'float')] : [x, updates];
  const { dtype, shape } = target;
  const inputs = [target, op.cast(points, 'int64'), news];
  return op.cast(op.emit('ScatterND', inputs, { reduction }, { outputs: [{ dtype, shape }] }), x.dtype);
}

const NEGATIVE = 'negative indices count from the end instead of being refused';

const update = (reduction?: Reduction): OpDefinition => ({
  ...(reduction && { dtypes: NUMBERS }),
  limits: NEGATIVE,
  lower: (op) => scattered(op, op.input(0), op.input(1), op.input(2), reduction),
});

/** One row of each list, numbered through: what a scalar, a vector or a matrix of indices says. */
function points(op: OpContext, indices: Value): Value {
  const rank = op.knownRank(indices, 'indices');
  return rank === 2 ? indices : op.reshape(indices, [-1, 1]);
}

/** The rows of several lists, each put where its index says; of two for one place the later is kept. */
const stitch: OpDefinition = {
  limits: 'of two rows of one list for the same place any may be kept',
  lower(op) {
    const lists = op.inputs.slice(0, op.inputCount / 2);
    const data = op.inputs.slice(op.inputCount / 2);
    const indices = lists.map((list) => op.cast(flat(op, list), 'int64'));
    const highest = op.emit('ReduceMax', [joined(op, op.ints([-1]), ...indices), op.ints([0])], {
      keepdims: 1,
    });
    const rank = op.knownRank(lists[0] as Value, 'indices');
    const rows = op.emit('Add', [highest, op.ints([1])]);
    const row = sizesFrom(op, data[0] as Value, rank);
    const first = data[0] as Value;
    if (first.dtype === 'string') op.fail('strings cannot be stitched');
    const empty = filled(op, first.dtype, 0, joined(op, rows, row));
    return data.reduce((merged, part, i) => {
      const updates = op.emit('Reshape', [part, joined(op, op.ints([-1]), row)], { allowzero: 0 });
      return scattered(op, merged, overInner(op, indices[i] as Value, 1), updates);
    }, empty);
  },
};

export const scatter = defineOps('Scatter', {
  ScatterNd: {
    dtypes: NUMBERS,
    limits: NEGATIVE,
    lower(op) {
      const updates = op.input(1);
      return scattered(op, filled(op, updates.dtype, 0, op.vector(2)), op.input(0), updates, 'add');
    },
  },
  TensorScatterUpdate: update(),
  TensorScatterAdd: update('add'),
  TensorScatterSub: {
    dtypes: NUMBERS,
    limits: NEGATIVE,
    lower(op) {
      const updates = op.input(2);
      const negated = op.emit('Sub', [op.scalar(updates.dtype, 0), updates]);
      return scattered(op, op.input(0), op.input(1), negated, 'add');
    },
  },
  TensorScatterMax: update('max'),
  TensorScatterMin: update('min'),
  ScatterNdNonAliasingAdd: update('add'),
  SparseToDense: {
    limits: `${NEGATIVE}; indices are not checked to be in order`,
    lower(op) {
      const indices = points(op, op.input(0));
      const shape = op.vector(1);
      const values = op.emit('Expand', [op.input(2), sizeAt(op, indices, 0)]);
      return scattered(op, op.emit('Expand', [op.input(3), shape]), indices, values);
    },
  },
  InvertPermutation: {
    dtypes: ['int32', 'int64'],
    limits: 'does not refuse what is no permutation',
    lower(op) {
      const x = op.input(0);
      const size = op.shapeOf(x);
      const positions = upTo(op, size, x.dtype);
      return scattered(op, filled(op, x.dtype, 0, size), overInner(op, x, 1), positions);
    },
  },
  ...{ DynamicStitch: stitch, ParallelDynamicStitch: stitch },
});
