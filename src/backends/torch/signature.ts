import { errors } from '../../errors.ts';
import type { Archive } from './archive/archive.ts';
import type { Program } from './interpreter/program.ts';
import { ScriptClass } from './interpreter/values.ts';
import { type Expression, typeText } from './language/syntax.ts';

/** What forward takes and gives. */
export interface Signature {
  /** The names of its parameters; those with defaults always have them. */
  readonly inputs: readonly string[];
  /** How many tensors come back; a list or a dict counts as one. */
  readonly outputs: number;
}

/** @throws ServerError when the module has no forward that takes and gives tensors. */
export function signatureOf({ root }: Archive, program: Program): Signature {
  const type = program.resolve(root.className);
  const forward = type instanceof ScriptClass ? type.methods.get('forward') : undefined;
  if (forward === undefined) throw errors.torchNoForward(root.className);
  const { parameters, returns } = forward.definition;
  const tensors = parameters.slice(1).filter(({ otherwise }) => otherwise === null);
  const other = tensors.find(({ type: declared }) => declared !== null && !isTensor(declared));
  if (other?.type) throw errors.torchParameter(other.name, typeText(other.type));
  return { inputs: tensors.map(({ name }) => name), outputs: countOutputs(returns) };
}

function isTensor(type: Expression): boolean {
  const text = typeText(type);
  return text === 'Tensor' || text === 'Optional[Tensor]';
}

function countOutputs(type: Expression | null): number {
  if (type?.kind !== 'subscript' || typeText(type.of) !== 'Tuple') return 1;
  const [only] = type.indices;
  const members = only?.kind === 'tuple' ? only.items : type.indices;
  return members.reduce((sum, member) => sum + ('line' in member ? countOutputs(member) : 0), 0);
}
