import { isFloat } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import type { TracedTensor } from '../tracing/traced-tensor.ts';
import { unless } from './checks.ts';
import { everyAxis } from './reductions.ts';

function masked(index: Value): boolean {
  return index.dtype === 'bool' || index.dtype === 'uint8';
}

/** Masks as the positions that they let through, one index for each of their dimensions. */
function positionsOf(op: OpCall, indices: readonly (Value | undefined)[]): (Value | undefined)[] {
  return indices.flatMap((index) => {
    if (index === undefined || !masked(index)) return [index && op.cast(index, 'int64')];
    const rank = op.rank(index);
    const found = op.emit('NonZero', [op.cast(index, 'bool')]);
    return Array.from({ length: rank }, (_, d) =>
      op.emit('Gather', [found, op.constant('int64', d)], { axis: 0 }),
    );
  });
}

interface Positions {
  /** Indexed dimensions first, the rest behind. */
  readonly perm: readonly number[];
  /** [..., number of indexed dimensions], for GatherND and ScatterND. */
  readonly indices: Value;
  readonly indexRank: number;
  readonly indexed: readonly number[];
}

function gathering(op: OpCall, x: Value, given: readonly (Value | undefined)[]): Positions {
  const positions = positionsOf(op, given);
  const indexed = positions.flatMap((index, d) => (index === undefined ? [] : [d]));
  const rest = Array.from({ length: op.rank(x) }, (_, d) => d).filter((d) => !indexed.includes(d));
  const lists = indexed.map((d) => positions[d] as Value);
  const indexRank = Math.max(...lists.map((index) => op.rank(index)));
  // Broadcast against each other by adding zeros of all the others.
  const shape = lists
    .map((index) => op.emit('Mul', [index, op.constant('int64', 0)]))
    .reduce((sum, zeros) => op.emit('Add', [sum, zeros]));
  const columns = lists.map((index) => {
    const wide = lists.length === 1 ? index : op.emit('Add', [index, shape]);
    return op.emit('Unsqueeze', [wide, op.intVector([-1])]);
  });
  const indices = columns.length === 1 ? (columns[0] as Value) : op.emit('Concat', columns, { axis: -1 });
  return { perm: [...indexed, ...rest], indices, indexRank, indexed };
}

const isSorted = (perm: readonly number[]) => perm.every((d, i) => d === i);
const inverted = (perm: readonly number[]) => perm.map((_, d) => perm.indexOf(d));

const index: Lower = (op) => {
  const x = op.tensor('self');
  const given = op.optionalTensors('indices');
  const only = given.flatMap((one, d) => (one === undefined ? [] : [[one, d] as const]));
  const [single] = only;
  if (single === undefined) return x;
  if (only.length === 1 && !masked(single[0])) {
    return op.emit('Gather', [x, op.cast(single[0], 'int64')], { axis: single[1] });
  }
  const { perm, indices, indexRank, indexed } = gathering(op, x, given);
  const moved = isSorted(perm) ? x : op.emit('Transpose', [x], { perm });
  const taken = op.emit('GatherND', [moved, indices]);
  const order = placed(op.rank(taken), indexed, indexRank);
  return isSorted(order) ? taken : op.emit('Transpose', [taken], { perm: order });
};

/**
 * Where the dimensions of what GatherND took belong, those of the indices being in front: indices side by side leave their dimensions where they
 * were.
 */
function placed(rank: number, indexed: readonly number[], indexRank: number): number[] {
  const order = Array.from({ length: rank }, (_, d) => d);
  const [first = 0] = indexed;
  if (!indexed.every((d, i) => d === first + i)) return order;
  return [
    ...order.slice(indexRank, indexRank + first),
    ...order.slice(0, indexRank),
    ...order.slice(indexRank + first),
  ];
}

/** x with `values` where the indices say. */
function put(op: OpCall): Value {
  const x = op.tensor('self');
  const given = op.optionalTensors('indices');
  const values = op.cast(op.tensor('values'), x.dtype);
  const [mask] = given;
  if (given.length === 1 && mask !== undefined && masked(mask) && op.rank(values) === 0) {
    const missing = op.rank(x) - op.rank(mask);
    const axes = Array.from({ length: missing }, (_, i) => op.rank(mask) + i);
    const wide = missing > 0 ? op.emit('Unsqueeze', [mask, op.intVector(axes)]) : mask;
    if (!op.bool('accumulate')) return op.emit('Where', [op.cast(wide, 'bool'), values, x]);
  }
  const { perm, indices, indexRank, indexed } = gathering(op, x, given);
  const moved = isSorted(perm) ? x : op.emit('Transpose', [x], { perm });
  const region = op.emit('Shape', [op.emit('GatherND', [moved, indices])]);
  const order = placed(op.rank(moved) - indexed.length + indexRank, indexed, indexRank);
  const turned = isSorted(order) ? region : op.emit('Gather', [region, op.intVector(order)], { axis: 0 });
  const wide = op.emit('Expand', [values, turned]);
  const updates = isSorted(order) ? wide : op.emit('Transpose', [wide], { perm: inverted(order) });
  // ONNX Runtime has no kernel that adds halves up.
  const dtype = op.bool('accumulate') && x.dtype === 'float16' ? 'float' : x.dtype;
  const inputs = [op.cast(moved, dtype), indices, op.cast(updates, dtype)];
  const reduction = op.bool('accumulate') ? 'add' : 'none';
  const written = op.cast(op.emit('ScatterND', inputs, { reduction }), x.dtype);
  if (isSorted(perm)) return written;
  return op.emit('Transpose', [written], { perm: inverted(perm) });
}

/** A tensor without dimensions is indexed as a vector of one. */
function atLeast1d(op: OpCall, x: Value): Value {
  return op.rank(x) === 0 ? op.reshape(x, [1]) : x;
}

const gather: Lower = (op) => {
  const [x, positions] = [op.tensor('self'), op.cast(op.tensor('index'), 'int64')];
  const axis = op.axis('dim', op.rank(x));
  const found = op.emit('GatherElements', [atLeast1d(op, x), atLeast1d(op, positions)], { axis });
  return op.rank(positions) === 0 ? op.reshape(found, []) : found;
};

/** The positions of what is not 0, a row of the result for each dimension; a tensor without any counts as a vector. */
function positionsOfNonzero(op: OpCall, x: Value): Value {
  return op.emit('NonZero', [atLeast1d(op, isFloat(x.dtype) ? op.cast(x, 'bool') : x)]);
}

function nonzero(op: OpCall): Value {
  const x = op.tensor('self');
  const rows = op.emit('Transpose', [positionsOfNonzero(op, x)], { perm: [1, 0] });
  if (op.rank(x) > 0) return rows;
  return op.emit('Slice', [rows, op.intVector([0]), op.intVector([0]), op.intVector([1])]);
}

function nonzeroNumpy(op: OpCall): Value[] {
  const x = op.tensor('self');
  const found = positionsOfNonzero(op, x);
  return Array.from({ length: Math.max(1, op.rank(x)) }, (_, d) =>
    op.emit('Gather', [found, op.constant('int64', d)], { axis: 0 }),
  );
}

function maskedSelect(op: OpCall): Value {
  const [x, mask] = [op.tensor('self'), op.cast(op.tensor('mask'), 'bool')];
  const wide = op.emit('Expand', [mask, op.emit('Shape', [x])]);
  const positions = op.emit('Transpose', [positionsOfNonzero(op, wide)], { perm: [1, 0] });
  return op.emit('GatherND', [atLeast1d(op, op.emit('Expand', [x, op.emit('Shape', [wide])])), positions]);
}

/** Each broadcast to the other, but along the axis. */
function takeAlong(op: OpCall): Value {
  const [x, positions] = [op.tensor('self'), op.cast(op.tensor('indices'), 'int64')];
  if (!op.given('dim')) return op.emit('GatherElements', [op.reshape(x, [-1]), op.reshape(positions, [-1])]);
  const axis = op.axis('dim', op.rank(x));
  const shapes = [x, positions].map((of) => op.emit('Shape', [of]));
  const isAxis = op.tracer.fill(
    'bool',
    [op.rank(x)],
    everyAxis(op, x).map((d) => Number(d === axis)),
  );
  const common = op.emit('Max', shapes);
  const [wide, at] = [x, positions].map((of, i) =>
    op.emit('Expand', [of, op.emit('Where', [isAxis, shapes[i] as Value, common])]),
  );
  return op.emit('GatherElements', [wide as Value, at as Value], { axis });
}

function oneHot(op: OpCall): Value {
  const x = op.tensor('self');
  const values = op.tracer.fill('int64', [2], [0, 1]);
  const zero = op.constant('int64', 0);
  if (op.raw('num_classes') === -1) {
    const largest = op.emit('ReduceMax', [op.reshape(x, [-1]), op.intVector([0])], { keepdims: 0 });
    const count = op.emit('Add', [op.cast(largest, 'int64'), op.constant('int64', 1)]);
    const isBelow = op.emit('Less', [op.cast(x, 'int64'), zero]);
    const checked = unless(op, isBelow, 'Class values must be non-negative.', op.reshape(count, [1]));
    return op.emit('OneHot', [x, checked, values], { axis: -1 });
  }
  const classes = op.scalar('num_classes', 'int64');
  const at = op.cast(x, 'int64');
  const isBeyond = op.emit('Or', [op.emit('Less', [at, zero]), op.emit('GreaterOrEqual', [at, classes])]);
  const reason = 'Class values must be smaller than num_classes.';
  const checked = unless(op, isBeyond, reason, op.reshape(classes, [1]));
  return op.emit('OneHot', [x, checked, values], { axis: -1 });
}

export const indexing = defineOps('Indexing', {
  'index(Tensor self, Tensor?[] indices)': index,
  'index_put_(Tensor self, Tensor?[] indices, Operand values, bool accumulate=False)': (op) => {
    op.tracer.write(op.raw('self') as TracedTensor, put(op));
    return { value: op.raw('self') };
  },
  'index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False)': put,
  'index_select(Tensor self, int dim, Tensor index)': (op) => {
    const x = op.tensor('self');
    const positions = atLeast1d(op, op.cast(op.tensor('index'), 'int64'));
    const found = op.emit('Gather', [atLeast1d(op, x), positions], { axis: op.axis('dim', op.rank(x)) });
    return op.rank(x) === 0 ? op.reshape(found, []) : found;
  },
  'gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False)': gather,
  'take(Tensor self, Tensor index)': (op) =>
    op.emit('Gather', [op.reshape(op.tensor('self'), [-1]), op.cast(op.tensor('index'), 'int64')], {
      axis: 0,
    }),
  'take_along_dim(Tensor self, Tensor indices, int? dim=None)': takeAlong,
  ...alike(['nonzero(Tensor self)', 'argwhere(Tensor self)'], nonzero),
  ...alike(['nonzero_numpy(Tensor self) -> Tensor[]', 'where(Tensor self) -> Tensor[]'], nonzeroNumpy),
  'masked_select(Tensor self, Tensor mask)': maskedSelect,
  'one_hot(Tensor self, int num_classes=-1)': oneHot,
});
