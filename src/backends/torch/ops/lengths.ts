import type { Value } from '../../onnx-graph/value.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedNumber } from '../tracing/traced-tensor.ts';

/** Whether the axis is longer, in all runs that the trace serves. */
export function isLonger(op: OpCall, x: Value, axis: number, length: number): boolean {
  const size = op.size(x, axis);
  if (typeof size === 'number') return size > length;
  const longer = op.tracer.symbolic('>', size, length);
  return longer instanceof TracedNumber ? op.tracer.truth(longer) : longer === true;
}
