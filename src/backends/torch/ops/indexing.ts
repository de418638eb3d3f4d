import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import type { TracedTensor } from '../tracing/traced-tensor.ts';

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
  const [first = 0] = indexed;
  const areTogether = indexed.every((d, i) => d === first + i);
  if (!areTogether || first === 0) return taken;
  // Indices side by side leave their dimensions where they were.
  const rank = op.rank(taken);
  const order = Array.from({ length: rank }, (_, d) => d);
  const back = [
    ...order.slice(indexRank, indexRank + first),
    ...order.slice(0, indexRank),
    ...order.slice(indexRank + first),
  ];
  return op.emit('Transpose', [taken], { perm: back });
};

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
  const [first = 0] = indexed;
  if (first !== 0 && op.rank(values) > indexRank)
    op.fail('values of more dimensions than the indices are not supported here');
  const updates = op.emit('Expand', [values, region]);
  const reduction = op.bool('accumulate') ? 'add' : 'none';
  const written = op.emit('ScatterND', [moved, indices, updates], { reduction });
  if (isSorted(perm)) return written;
  return op.emit('Transpose', [written], { perm: perm.map((_, d) => perm.indexOf(d)) });
}

const scatter =
  (reduction: string): Lower =>
  (op) => {
    const x = op.tensor('self');
    const positions = op.cast(op.tensor('index'), 'int64');
    const source = op.raw('src');
    const values = op.operand(source, x.dtype);
    const updates =
      op.rank(values) === 0 ? op.emit('Expand', [values, op.emit('Shape', [positions])]) : values;
    return op.emit('ScatterElements', [x, positions, updates], {
      axis: op.axis('dim', op.rank(x)),
      reduction,
    });
  };

export const indexing = defineOps('Indexing', {
  'index(Tensor self, Tensor?[] indices)': index,
  'index_put_(Tensor self, Tensor?[] indices, Operand values, bool accumulate=False)': (op) => {
    op.tracer.write(op.raw('self') as TracedTensor, put(op));
    return { value: op.raw('self') };
  },
  'index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False)': put,
  'index_select(Tensor self, int dim, Tensor index)': (op) => {
    const x = op.tensor('self');
    return op.emit('Gather', [x, op.cast(op.tensor('index'), 'int64')], { axis: op.axis('dim', op.rank(x)) });
  },
  'gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False)': (op) => {
    const x = op.tensor('self');
    return op.emit('GatherElements', [x, op.cast(op.tensor('index'), 'int64')], {
      axis: op.axis('dim', op.rank(x)),
    });
  },
  'scatter(Tensor self, int dim, Tensor index, Operand src)': scatter('none'),
  'scatter_add(Tensor self, int dim, Tensor index, Tensor src)': scatter('add'),
  'nonzero(Tensor self)': (op) =>
    op.emit('Transpose', [op.emit('NonZero', [op.tensor('self')])], { perm: [1, 0] }),
  ...alike(['nonzero_numpy(Tensor self) -> Tensor[]', 'where(Tensor self) -> Tensor[]'], (op: OpCall) => {
    const x = op.tensor('self');
    const found = op.emit('NonZero', [op.rank(x) === 0 ? op.reshape(x, [1]) : x]);
    return Array.from({ length: Math.max(1, op.rank(x)) }, (_, d) =>
      op.emit('Gather', [found, op.constant('int64', d)], { axis: 0 }),
    );
  }),
  'masked_select(Tensor self, Tensor mask)': (op) => {
    const [x, mask] = [op.tensor('self'), op.tensor('mask')];
    const shape = op.emit('Shape', [op.emit('And', [op.cast(mask, 'bool'), op.cast(x, 'bool')])]);
    const found = op.emit('NonZero', [op.emit('Expand', [op.cast(mask, 'bool'), shape])]);
    const positions = op.emit('Transpose', [found], { perm: [1, 0] });
    return op.emit('GatherND', [op.emit('Expand', [x, shape]), positions]);
  },
  'one_hot(Tensor self, int num_classes)': (op) => {
    const values = op.tracer.fill('int64', [2], [0, 1]);
    return op.emit('OneHot', [op.tensor('self'), op.scalar('num_classes', 'int64'), values], { axis: -1 });
  },
});
