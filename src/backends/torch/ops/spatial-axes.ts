import type { Value } from '../../onnx-graph/value.ts';
import type { OpCall } from '../tracing/op-call.ts';

export const ones = (count: number) => new Array<number>(count).fill(1);
export const zeros = (count: number) => new Array<number>(count).fill(0);

/** Does something with [batch, channels, ...`rank` axes]; a tensor without a batch gets one for the time. */
export function withBatch(
  op: OpCall,
  x: Value,
  rank: number,
  of: (batched: Value) => readonly Value[],
): readonly Value[] {
  if (op.rank(x) !== rank + 1) return of(x);
  const first = op.intVector([0]);
  return of(op.emit('Unsqueeze', [x, first])).map((result) => op.emit('Squeeze', [result, first]));
}

/** The last `rank` axes. */
export function lastAxes(op: OpCall, x: Value, rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => op.rank(x) - rank + i);
}
