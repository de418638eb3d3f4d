import type { ScriptValue } from '../interpreter/values.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';

/** Views that take the elements as they lie, one after the other. */
const WHOLE: ReadonlySet<string> = new Set(
  [
    ...['view', 'reshape', '_unsafe_view', 'view_as', 'reshape_as', 'flatten', 'unflatten', 'ravel'],
    ...['unsqueeze', 'squeeze', 'atleast_1d', 'atleast_2d', 'atleast_3d'],
  ].map((name) => `aten::${name}`),
);
/** Views of one piece of an axis, which lies in one place when the axis is the first. */
const PIECES: ReadonlySet<string> = new Set(
  ['slice', 'select', 'narrow', 'split', 'split_with_sizes', 'chunk', 'unbind', 'tensor_split'].map(
    (name) => `aten::${name}`,
  ),
);

/** Whether the elements lie in order in torch's memory. What no view is does here, whatever it was computed from. */
export function isInOrder(self: ScriptValue): boolean {
  if (!(self instanceof TracedTensor) || self.view === null) return true;
  const { base, call } = self.view;
  return keepsOrder(call) && isInOrder(base);
}

function keepsOrder(call: OpCall): boolean {
  if (WHOLE.has(call.name)) return true;
  if (!PIECES.has(call.name)) return false;
  const isFirst = call.axis('dim', call.rank(call.tensor('self'))) === 0;
  return isFirst && (!call.has('step') || call.int('step') === 1);
}
