import type { Dim, Value } from '../../onnx-graph/value.ts';
import type { OpCall } from '../tracing/op-call.ts';

/**
 * The value that an operand of a product was expanded from, where the product repeats it by itself: torch expands weights to the batch before it
 * multiplies, which costs nothing there, but is a copy for each row in a graph.
 * @param other the operand on the other side; it has to have all of the batch.
 */
export function unexpanded(op: OpCall, value: Value, other: Value): Value {
  const rank = op.rank(value);
  if (rank < 3 || !areAlike(batchOf(value), batchOf(other))) return value;
  let source = value;
  for (;;) {
    const emission = op.tracer.emissions.get(source.name)?.emission;
    const from = emission?.inputs[0];
    if (emission === undefined || from === undefined || from === null) return value;
    if (emission.op === 'Expand') return isRepeated(from, value) ? from : value;
    if (emission.op !== 'Reshape' || !areAlike(from.shape, source.shape)) return value;
    source = from;
  }
}

/** Whether only what comes before the last two dimensions is repeated. */
function isRepeated(from: Value, value: Value): boolean {
  return (from.shape?.length ?? 0) >= 2 && areAlike(from.shape?.slice(-2), value.shape?.slice(-2));
}

function batchOf({ shape }: Value): readonly Dim[] | undefined {
  return shape?.slice(0, -2);
}

function areAlike(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every((dim, d) => dim !== null && dim === b[d]);
}
