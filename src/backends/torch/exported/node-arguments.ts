import type { ScriptValue } from '../interpreter/values.ts';
import type { OpDefinition } from '../op-registry.ts';
import { bindArguments, type Schema } from '../op-schema.ts';
import { OPS } from '../ops/index.ts';

/** An input of a node with its value. */
export interface GivenArgument {
  readonly name: string;
  readonly value: ScriptValue;
  readonly isKeyword: boolean | undefined;
}

export interface BoundArguments {
  readonly args: readonly ScriptValue[];
  readonly named: ReadonlyMap<string, ScriptValue>;
}

/** The overloads of an op; of one that ends with `_`, and so changes its first tensor, those without it where it has none of its own. */
export function definitionsOf(name: string): readonly OpDefinition[] {
  return OPS.get(name) ?? (name.endsWith('_') ? (OPS.get(name.slice(0, -1)) ?? []) : []);
}

/**
 * How an op is called with what a node gives it by name: as the first overload takes it that fits. Arguments go by their places up to the last
 * one whose name the op table does not have, as it calls the first tensor `self` whatever torch does; Nones without a name there are left out.
 */
export function bindNode(name: string, given: readonly GivenArgument[]): BoundArguments {
  for (const { schema } of definitionsOf(name)) {
    const call = callOf(schema, given);
    if (bindArguments(schema, call.args, call.named) !== undefined) return call;
  }
  // Nothing fits; the error says what was given.
  return { args: given.map(({ value }) => value), named: new Map() };
}

function callOf({ parameters }: Schema, given: readonly GivenArgument[]): BoundArguments {
  const known = new Set(parameters.map(({ name }) => name));
  const isLost = ({ name, value, isKeyword }: GivenArgument) =>
    !known.has(name) && value !== null && isKeyword !== true;
  // The first always does: an op in place looks for what it changes there.
  const isLeading = given[0]?.isKeyword !== true && parameters[0]?.isNamedOnly === false;
  const count = Math.max(given.findLastIndex(isLost) + 1, Math.min(isLeading ? 1 : 0, given.length));
  const named = given.slice(count).filter(({ name, value }) => value !== null || known.has(name));
  return {
    args: given.slice(0, count).map(({ value }) => value),
    named: new Map(named.map(({ name, value }) => [name, value])),
  };
}
