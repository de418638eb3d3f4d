import { errors } from '../../../errors.ts';
import { type ScriptValue, TensorValue, Tuple } from '../interpreter/values.ts';

/**
 * The tensors that a function gives: one, or the members of a list or a tuple.
 * @throws ServerError where it gives something else.
 */
export function tensorsOf(name: string, result: ScriptValue): TensorValue[] {
  const items = result instanceof Tuple ? result.items : Array.isArray(result) ? result : [result];
  return items.map((item) => {
    if (!(item instanceof TensorValue)) throw errors.scriptNoTensors(name);
    return item;
  });
}
