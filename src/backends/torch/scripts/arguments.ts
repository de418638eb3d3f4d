import { errors } from '../../../errors.ts';
import type { ScriptCall } from '../../script.ts';
import type { ScriptFunction, ScriptValue } from '../interpreter/values.ts';
import { parameterType } from './source.ts';

/** What AI.SCRIPTSTORE wants of an entry point. */
export const ENTRY_POINT_TYPES: readonly string[] = ['List[Tensor]', 'List[str]', 'List[str]'];

/** What a function is called with: texts, and inputs by their positions. */
export type Argument =
  | { readonly input: number }
  | { readonly inputs: readonly number[] }
  | { readonly texts: readonly string[] };

/**
 * Deals the inputs, keys and arguments of a call out to the parameters. An entry point gets three lists. To another function inputs are given
 * one after the other, those behind `$` as a list; where it ends with a list of tensors it gets the rest, and lists of texts get the keys,
 * then the arguments.
 * @throws ServerError where it takes another number of inputs.
 */
export function dealArguments(
  { definition }: ScriptFunction,
  call: ScriptCall,
  inputCount: number,
): Argument[] {
  const { parameters, name } = definition;
  const types = parameters.map(parameterType);
  const all = Array.from({ length: inputCount }, (_, i) => i);
  if (types.join() === ENTRY_POINT_TYPES.join()) {
    return [{ inputs: all }, { texts: call.keys }, { texts: call.args }];
  }
  const single = all.slice(0, call.variadicFrom ?? inputCount);
  let listed = call.variadicFrom === undefined ? undefined : all.slice(call.variadicFrom);
  const texts = [call.keys, call.args];
  const dealt: Argument[] = [];
  for (const [i, type] of types.entries()) {
    if (type === 'List[str]') dealt.push({ texts: texts.shift() ?? [] });
    else if (type === 'List[Tensor]') {
      dealt.push({ inputs: listed ?? single.splice(0) });
      listed = [];
    } else {
      const input = single.shift();
      if (input !== undefined) dealt.push({ input });
      else if (parameters[i]?.otherwise === null) throw errors.scriptInputCount(name);
      // Those behind it have defaults, too.
      else break;
    }
  }
  if (single.length > 0 || (listed?.length ?? 0) > 0) throw errors.scriptInputCount(name);
  return dealt;
}

/** The values of the arguments. */
export function argumentValues(dealt: readonly Argument[], inputs: readonly ScriptValue[]): ScriptValue[] {
  return dealt.map((argument) => {
    if ('texts' in argument) return [...argument.texts];
    if ('inputs' in argument) return argument.inputs.map((i) => inputs[i] as ScriptValue);
    return inputs[argument.input] as ScriptValue;
  });
}
