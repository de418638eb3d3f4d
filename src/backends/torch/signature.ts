import { errors } from '../../errors.ts';
import type { Archive } from './archive/archive.ts';
import type { Program } from './interpreter/program.ts';
import { ScriptClass, type ScriptValue, type TensorValue, Tuple } from './interpreter/values.ts';
import { type Expression, typeText } from './language/syntax.ts';

/** What forward takes and gives. */
export interface Signature {
  /** The names of its parameters; those with defaults always have them. A tuple is given by its members: `hidden.0`, `hidden.1`. */
  readonly inputs: readonly string[];
  /** How many tensors come back; a list or a dict counts as one. */
  readonly outputs: number;
}

/** What a parameter is given by: a tensor, or the members of a tuple. */
export type Form = 'tensor' | readonly Form[];

/** The signature, and how its parameters are given. @throws ServerError when there is no forward that takes and gives tensors. */
export function signatureOf({ root }: Archive, program: Program): { signature: Signature; forms: Form[] } {
  const type = program.resolve(root.className);
  const forward = type instanceof ScriptClass ? type.methods.get('forward') : undefined;
  if (forward === undefined) throw errors.torchNoForward(root.className);
  const { parameters, returns } = forward.definition;
  const required = parameters.slice(1).filter(({ otherwise }) => otherwise === null);
  const forms = required.map(({ name, type: declared }) => {
    const form = declared === null ? 'tensor' : formOf(declared);
    return form ?? raise(errors.torchParameter(name, typeText(declared as Expression)));
  });
  const inputs = required.flatMap(({ name }, i) => namesOf(name, forms[i] as Form));
  return { signature: { inputs, outputs: countOutputs(returns) }, forms };
}

/** The tensors as the parameters that they are given by. */
export function argumentsFrom(forms: readonly Form[], tensors: readonly TensorValue[]): ScriptValue[] {
  const rest = [...tensors];
  const take = (form: Form): ScriptValue =>
    form === 'tensor' ? (rest.shift() ?? null) : new Tuple(form.map(take));
  return forms.map(take);
}

function raise(error: Error): never {
  throw error;
}

function namesOf(name: string, form: Form): string[] {
  return form === 'tensor' ? [name] : form.flatMap((member, i) => namesOf(`${name}.${i}`, member));
}

function formOf(type: Expression): Form | undefined {
  const text = typeText(type);
  if (text === 'Tensor' || text === 'Optional[Tensor]') return 'tensor';
  const forms = membersOf(type)?.map(formOf);
  return forms?.every((form) => form !== undefined) ? forms : undefined;
}

/** The types of a tuple's members. */
function membersOf(type: Expression): Expression[] | undefined {
  if (type.kind !== 'subscript' || typeText(type.of) !== 'Tuple') return undefined;
  const [only] = type.indices;
  const members = only?.kind === 'tuple' ? only.items : type.indices;
  return members.filter((member) => 'line' in member);
}

function countOutputs(type: Expression | null): number {
  const members = type === null ? undefined : membersOf(type);
  return members?.reduce((sum, member) => sum + countOutputs(member), 0) ?? 1;
}
