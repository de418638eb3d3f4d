import type { Value } from '../../onnx-graph/value.ts';
import type { OpCall } from '../tracing/op-call.ts';

/**
 * Rows of different lengths, the longest first, as torch packs them: all first steps, then all second ones of those that have one, and so on.
 */
export interface Rows {
  /** How many rows have each step, int64. */
  readonly sizes: Value;
  /** How many steps each row has, int64. */
  readonly lengths: Value;
  /** [elements, 2]: the step and the row of each element. */
  readonly positions: Value;
}

function firstOf(op: OpCall, value: Value): Value {
  return op.emit('Gather', [value, op.constant('int64', 0)], { axis: 0 });
}

/** @param sizes rows that have each step. */
export function rowsOf(op: OpCall, sizes: Value): Rows {
  const range = op.emit('Range', [op.constant('int64', 0), firstOf(op, sizes), op.constant('int64', 1)]);
  const isThere = op.emit('Less', [
    op.emit('Unsqueeze', [range, op.intVector([0])]),
    op.emit('Unsqueeze', [sizes, op.intVector([1])]),
  ]);
  const lengths = op.emit('ReduceSum', [op.cast(isThere, 'int64'), op.intVector([0])], { keepdims: 0 });
  const positions = op.emit('Transpose', [op.emit('NonZero', [isThere])], { perm: [1, 0] });
  return { sizes, lengths, positions };
}

/**
 * Packed elements as [steps, rows, ...].
 * @param steps where there shall be more of them than the longest row has.
 */
export function padded(op: OpCall, rows: Rows, data: Value, padding: number, steps?: Value): Value {
  const count = steps ?? op.scalarOf(op.size(rows.sizes, 0), 'int64');
  const inner = Array.from({ length: op.rank(data) - 1 }, (_, d) => op.size(data, d + 1));
  const one = (value: Value) => op.reshape(value, [1]);
  const shape = [one(count), one(firstOf(op, rows.sizes)), ...(inner.length > 0 ? [op.vectorOf(inner)] : [])];
  const empty = op.emit('Expand', [op.constant(data.dtype, padding), op.emit('Concat', shape, { axis: 0 })]);
  return op.emit('ScatterND', [empty, rows.positions, data]);
}

/** The other way round. @param x [steps, rows, ...] */
export function packed(op: OpCall, rows: Rows, x: Value): Value {
  return op.emit('GatherND', [x, rows.positions]);
}
