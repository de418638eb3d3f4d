import type { Statement } from '../language/syntax.ts';
import type { ScriptValue } from './values.ts';

/** A block of statements that is running. */
export interface RunningBlock {
  readonly statements: readonly Statement[];
  /** The statement that is running. */
  at: number;
}

const mentioned = new WeakMap<object, ReadonlySet<string>>();

/** All names in a statement, with what is inside of it. */
export function namesIn(statement: Statement): ReadonlySet<string> {
  const known = mentioned.get(statement);
  if (known !== undefined) return known;
  const names = new Set<string>();
  const waiting: unknown[] = [statement];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (typeof part !== 'object' || part === null) continue;
    if ('kind' in part && part.kind === 'name' && 'name' in part) names.add(String(part.name));
    for (const inner of Object.values(part)) if (inner !== undefined) waiting.push(inner);
  }
  mentioned.set(statement, names);
  return names;
}

/**
 * What a running function may still use: the variables that are named in the statements to come. The statement under way counts, and a loop
 * counts as a whole, since it comes around again.
 */
export function* valuesToCome(
  blocks: readonly RunningBlock[],
  variables: ReadonlyMap<string, ScriptValue>,
): Iterable<ScriptValue> {
  const names = new Set<string>();
  for (const [depth, { statements, at }] of blocks.entries()) {
    const kind = statements[at]?.kind;
    const isPassed = depth < blocks.length - 1 && (kind === 'if' || kind === 'with');
    for (const statement of statements.slice(isPassed ? at + 1 : at))
      for (const name of namesIn(statement)) names.add(name);
  }
  for (const name of names) {
    const value = variables.get(name);
    if (value !== undefined) yield value;
  }
}
