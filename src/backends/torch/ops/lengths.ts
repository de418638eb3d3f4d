import type { Value } from '../../onnx-graph/value.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedNumber } from '../tracing/traced-tensor.ts';

/** Whether both have the same sizes, in all runs that the trace serves. */
export function isOfSameSize(op: OpCall, x: Value, y: Value): boolean {
  if (op.rank(x) !== op.rank(y)) return false;
  return op.sizes(x).every((size, d) => {
    const other = op.size(y, d);
    if (typeof size === 'number' && typeof other === 'number') return size === other;
    const same = op.tracer.symbolic('==', size, other);
    return same instanceof TracedNumber ? op.tracer.truth(same) : same === true;
  });
}

/** Whether the axis is longer, in all runs that the trace serves. */
export function isLonger(op: OpCall, x: Value, axis: number, length: number): boolean {
  const size = op.size(x, axis);
  if (typeof size === 'number') return size > length;
  const longer = op.tracer.symbolic('>', size, length);
  return longer instanceof TracedNumber ? op.tracer.truth(longer) : longer === true;
}
