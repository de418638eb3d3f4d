import type { DataType } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower, views } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';
import { checkElements } from './checks.ts';

export function commonType(op: OpCall, tensors: readonly Value[]): DataType {
  return op.resultType(...tensors.map((tensor) => new TracedTensor(tensor)));
}

function joined(op: OpCall, tensors: readonly Value[], axis: number, dtype: DataType): Value {
  const parts = tensors.map((tensor) => op.cast(tensor, dtype));
  return parts.length === 1 ? op.emit('Identity', parts) : op.emit('Concat', parts, { axis });
}

const cat: Lower = (op) => {
  const tensors = op.tensors('tensors');
  const rank = Math.max(...tensors.map((tensor) => op.rank(tensor)));
  // torch passes over empty vectors, whatever the rank of the others.
  const filled = tensors.filter(({ shape }) => shape?.length === rank && !(rank === 1 && shape[0] === 0));
  const [first] = filled;
  if (first === undefined) return tensors[0] ?? op.fail('expected a non-empty list of Tensors');
  return joined(op, filled, op.axis('dim', op.rank(first)), commonType(op, tensors));
};

const stack: Lower = (op) => {
  const tensors = op.tensors('tensors');
  const [first] = tensors;
  if (first === undefined) return op.fail('stack expects a non-empty TensorList');
  const axis = op.axis('dim', op.rank(first) + 1);
  const wide = tensors.map((tensor) => op.emit('Unsqueeze', [tensor, op.intVector([axis])]));
  return joined(op, wide, axis, commonType(op, tensors));
};

/** With so many dimensions at least, where torch puts the new ones. */
function atLeast(op: OpCall, x: Value, rank: 1 | 2 | 3): Value {
  const has = op.rank(x);
  if (has >= rank) return x;
  const missing = Array.from({ length: rank - has }, (_, i) => i);
  const axes = rank === 3 && has > 0 ? (has === 1 ? [0, 2] : [2]) : missing;
  return op.emit('Unsqueeze', [x, op.intVector(axes)]);
}

const atLeastEach =
  (rank: 1 | 2 | 3): Lower =>
  (op) =>
    op.tensors('tensors').map((tensor) => atLeast(op, tensor, rank));

/** @param axis along which they are joined, for tensors of the rank. */
const stackedAlong =
  (rank: 1 | 2 | 3, axis: (rank: number) => number): Lower =>
  (op) => {
    const tensors = op.tensors('tensors').map((tensor) => atLeast(op, tensor, rank));
    const [first] = tensors;
    if (first === undefined) return op.fail('expected a non-empty TensorList');
    return joined(op, tensors, axis(op.rank(first)), commonType(op, tensors));
  };

/** Vectors are columns. */
const columnStack: Lower = (op) => {
  const tensors = op.tensors('tensors');
  const columns = tensors.map((tensor) => (op.rank(tensor) < 2 ? op.reshape(tensor, [-1, 1]) : tensor));
  return joined(op, columns, 1, commonType(op, tensors));
};

/** Each tensor with its own dimension of the grid; with `xy` the first two change places. */
function grid(op: OpCall, tensors: readonly Value[], isTurned: boolean): Value[] {
  const flat = tensors.map((tensor) => op.reshape(tensor, [-1]));
  const order = flat.map((_, d) => d);
  const places = isTurned && order.length > 1 ? [1, 0, ...order.slice(2)] : order;
  const sizes = op.vectorOf(places.map((i) => op.size(flat[i] as Value, 0)));
  return flat.map((tensor, i) => {
    const column = op.reshape(
      tensor,
      places.map((owner) => (owner === i ? -1 : 1)),
    );
    return op.emit('Expand', [column, sizes]);
  });
}

const meshgrid: Lower = (op) => {
  const indexing = op.text('indexing');
  if (indexing !== 'ij' && indexing !== 'xy')
    op.fail(`indexing must be one of "xy" or "ij", but received: ${indexing}`);
  return grid(op, op.tensors('tensors'), indexing === 'xy');
};

/** On a diagonal of blocks; vectors are rows. */
const blockDiagonal: Lower = (op) => {
  const tensors = op.tensors('tensors');
  const dtype = commonType(op, tensors);
  const blocks = tensors.map((tensor) => op.cast(atLeast(op, tensor, 2), dtype));
  const widths = blocks.map((block) => op.vectorOf([op.size(block, 1)]));
  const sum = (parts: readonly Value[]) =>
    parts.reduce((total, part) => op.emit('Add', [total, part]), op.intVector([0]));
  const rows = blocks.map((block, i) => {
    const around = [op.intVector([0]), sum(widths.slice(0, i)), op.intVector([0]), sum(widths.slice(i + 1))];
    return op.emit('Pad', [block, op.emit('Concat', around, { axis: 0 }), op.constant(dtype, 0)]);
  });
  return joined(op, rows, 0, dtype);
};

/** The binomial coefficient. */
function pickCount(count: number, length: number): number {
  return Array.from({ length: Math.max(0, Math.min(length, 1000)) }).reduce<number>(
    (product, _, i) => (product * (count - i)) / (i + 1),
    1,
  );
}

/** All that can be picked of so many, in order. */
function picks(count: number, length: number, repeats: boolean, from = 0): number[][] {
  if (length === 0) return [[]];
  return Array.from({ length: count - from }, (_, i) => from + i).flatMap((first) =>
    picks(count, length - 1, repeats, repeats ? first : first + 1).map((others) => [first, ...others]),
  );
}

const combinations: Lower = (op) => {
  const x = op.tensor('self');
  const [size, length, repeats] = [op.knownSize(x, 0), op.int('r'), op.bool('with_replacement')];
  checkElements(op, length * pickCount(repeats ? size + length - 1 : size, length));
  const rows = picks(size, length, repeats);
  const places = op.tracer.fill('int64', [rows.length, length], rows.flat());
  return op.emit('Gather', [x, places], { axis: 0 });
};

const broadcastTensors: Lower = (op) => {
  const tensors = op.tensors('tensors');
  const shapes = tensors.map((tensor) => op.emit('Shape', [tensor]));
  const [first, ...others] = tensors;
  if (first === undefined) return [];
  const marks = op.emit('Expand', [op.constant('bool', 0), shapes[0] as Value]);
  const wide = others.reduce((grown, _, i) => op.emit('Expand', [grown, shapes[i + 1] as Value]), marks);
  const common = op.emit('Shape', [wide]);
  return tensors.map((tensor) => op.emit('Expand', [tensor, common]));
};

export const combining = defineOps('Joining', {
  ...alike(
    ['cat', 'concat', 'concatenate'].map((name) => `${name}(Tensor[] tensors, int dim=0)`),
    cat,
  ),
  'stack(Tensor[] tensors, int dim=0)': stack,
  'hstack(Tensor[] tensors)': stackedAlong(1, (rank) => (rank === 1 ? 0 : 1)),
  ...alike(
    ['vstack(Tensor[] tensors)', 'row_stack(Tensor[] tensors)'],
    stackedAlong(2, () => 0),
  ),
  'dstack(Tensor[] tensors)': stackedAlong(3, () => 2),
  'column_stack(Tensor[] tensors)': columnStack,
  'block_diag(Tensor[] tensors)': blockDiagonal,
  'meshgrid(Tensor[] tensors, *, str indexing=ij) -> Tensor[]': meshgrid,
  'cartesian_prod(Tensor[] tensors)': (op) => {
    const tensors = op.tensors('tensors');
    const [first] = tensors;
    if (tensors.length === 1 && first !== undefined) return op.emit('Identity', [first]);
    const columns = grid(op, tensors, false).map((tensor) => op.reshape(tensor, [-1, 1]));
    return joined(op, columns, 1, commonType(op, tensors));
  },
  'combinations(Tensor self, int r=2, bool with_replacement=False)': combinations,
  'broadcast_tensors(Tensor[] tensors) -> Tensor[]': broadcastTensors,
  ...views({
    'atleast_1d(Tensor self)': (op) => atLeast(op, op.tensor('self'), 1),
    'atleast_2d(Tensor self)': (op) => atLeast(op, op.tensor('self'), 2),
    'atleast_3d(Tensor self)': (op) => atLeast(op, op.tensor('self'), 3),
  }),
  'atleast_1d(Tensor[] tensors) -> Tensor[]': atLeastEach(1),
  'atleast_2d(Tensor[] tensors) -> Tensor[]': atLeastEach(2),
  'atleast_3d(Tensor[] tensors) -> Tensor[]': atLeastEach(3),
});
