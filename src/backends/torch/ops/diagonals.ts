import type { Value } from '../../onnx-graph/value.ts';
import { defineOps, type Lower, views } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { checkElements } from './checks.ts';
import { reshaped } from './shapes.ts';

const number = (op: OpCall, element: number) => op.constant('int64', element);

function countUpTo(op: OpCall, count: Value): Value {
  return op.emit('Range', [number(op, 0), count, number(op, 1)]);
}

/** Two dimensions last, in this order, the others as they are. */
function lastTwo(rank: number, dim1: number, dim2: number): number[] {
  const others = Array.from({ length: rank }, (_, d) => d).filter((d) => d !== dim1 && d !== dim2);
  return [...others, dim1, dim2];
}

const diagonal: Lower = (op) => {
  const x = op.tensor('self');
  const rank = op.rank(x);
  const [dim1, dim2] = [op.axis('dim1', rank), op.axis('dim2', rank)];
  const offset = op.int('offset');
  const [down, right] = [Math.max(0, -offset), Math.max(0, offset)];
  const perm = lastTwo(rank, dim1, dim2);
  const moved = perm.every((d, i) => d === i) ? x : op.emit('Transpose', [x], { perm });
  const [rows, columns] = [dim1, dim2].map((dim) => op.scalarOf(op.size(x, dim), 'int64')) as [Value, Value];
  const less = (size: Value, by: number) => op.emit('Sub', [size, number(op, by)]);
  const length = op.emit('Max', [op.emit('Min', [less(rows, down), less(columns, right)]), number(op, 0)]);
  const steps = op.emit('Mul', [countUpTo(op, length), op.emit('Add', [columns, number(op, 1)])]);
  const first = op.emit('Add', [op.emit('Mul', [number(op, down), columns]), number(op, right)]);
  const flat = reshaped(op, moved, [...op.sizes(moved).slice(0, -2), -1]);
  return op.emit('Gather', [flat, op.emit('Add', [steps, first])], { axis: rank - 2 });
};

/** The last dimension as the diagonal of two, with zeros around. */
function embedded(op: OpCall, x: Value, offset: number): Value {
  const rank = op.rank(x);
  const pads = new Array<number>(2 * rank).fill(0);
  pads[rank - 1] = Math.max(0, -offset);
  pads[2 * rank - 1] = Math.max(0, offset);
  const padded = offset === 0 ? x : op.emit('Pad', [x, op.intVector(pads), op.constant(x.dtype, 0)]);
  const places = countUpTo(op, op.scalarOf(op.size(padded, rank - 1), 'int64'));
  const column = op.emit('Unsqueeze', [places, op.intVector([1])]);
  const isOn = op.emit('Equal', [op.emit('Sub', [places, column]), number(op, offset)]);
  const rows = op.emit('Unsqueeze', [padded, op.intVector([rank])]);
  return op.emit('Where', [isOn, rows, op.constant(x.dtype, 0)]);
}

const diagEmbed: Lower = (op) => {
  const x = op.tensor('self');
  const rank = op.rank(x) + 1;
  const perm = lastTwo(rank, op.axis('dim1', rank), op.axis('dim2', rank));
  const found = embedded(op, x, op.int('offset'));
  if (perm.every((d, i) => d === i)) return found;
  return op.emit('Transpose', [found], { perm: perm.map((_, d) => perm.indexOf(d)) });
};

/** The rows and columns of a triangle of a matrix. */
const triangleIndices =
  (isIn: (row: number, column: number, offset: number) => boolean): Lower =>
  (op) => {
    const [rows, columns, offset] = [op.int('row'), op.int('col'), op.int('offset')];
    checkElements(op, Math.max(rows, columns, rows * columns));
    const found: [rows: number[], columns: number[]] = [[], []];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        if (!isIn(row, column, offset)) continue;
        found[0].push(row);
        found[1].push(column);
      }
    }
    return op.tracer.fill(op.dtype() ?? 'int64', [2, found[0].length], found.flat());
  };

const OPTIONS = '*, ScalarType? dtype=4, Any layout=None, Any device=None, Any pin_memory=None';

export const diagonals = defineOps('Diagonals', {
  ...views({ 'diagonal(Tensor self, int offset=0, int dim1=0, int dim2=1)': diagonal }),
  'diag(Tensor self, int diagonal=0)': (op) => {
    const x = op.tensor('self');
    return op.rank(x) === 1
      ? embedded(op, x, op.int('diagonal'))
      : op.call('diagonal', x, op.raw('diagonal'), 0, 1);
  },
  'diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1)': diagEmbed,
  'diagflat(Tensor self, int offset=0)': (op) =>
    embedded(op, op.reshape(op.tensor('self'), [-1]), op.int('offset')),
  'trace(Tensor self)': (op) => op.call('sum', op.call('diagonal', op.raw('self'))),
  [`tril_indices(int row, int col, int offset=0, ${OPTIONS})`]: triangleIndices(
    (row, column, offset) => column - row <= offset,
  ),
  [`triu_indices(int row, int col, int offset=0, ${OPTIONS})`]: triangleIndices(
    (row, column, offset) => column - row >= offset,
  ),
});
