import type { Value } from '../../onnx-graph/value.ts';
import type { OpCall } from '../tracing/op-call.ts';

/**
 * What only a run tells to be wrong. The element is taken from its vector at the number of places where `wrong` is true: ONNX Runtime refuses
 * that for any but none, and names the operator.
 * @param element a vector of one, to be used in the place of the scalar that comes back.
 */
export function unless(op: OpCall, wrong: Value, reason: string, element: Value): Value {
  const every = op.intVector(Array.from({ length: op.rank(wrong) }, (_, d) => d));
  const count = op.emit('ReduceSum', [op.cast(wrong, 'int32'), every], {
    keepdims: 0,
    noop_with_empty_axes: 1,
  });
  return op.emit('Gather', [element, count], { axis: 0 }, { name: reason });
}

/** More would fill the memory while the program is traced. */
const MOST_ELEMENTS = 2 ** 22;
const MOST_PARTS = 2 ** 16;

/** @throws ScriptError when so many elements are not to be computed while the program is traced. */
export function checkElements(op: OpCall, count: number): void {
  if (count < 0) op.fail(`a size of ${count} is not possible`);
  if (count > MOST_ELEMENTS) op.fail(`more than ${MOST_ELEMENTS} elements are not supported`);
}

/** @throws ScriptError when these are more operators than one op may become. */
export function checkParts(op: OpCall, count: number): void {
  if (!(count >= 0 && count <= MOST_PARTS)) op.fail(`${count} parts are not supported`);
}
