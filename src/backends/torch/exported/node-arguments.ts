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
 * How an op is called with what a node gives it by name: as the first overload takes it that has all of the names. The first argument goes by its
 * place, since the op table calls it `self` whatever torch does; Nones that no overload knows the name of are left out.
 */
export function bindNode(name: string, given: readonly GivenArgument[]): BoundArguments {
  for (const { schema } of definitionsOf(name)) {
    const call = byNames(schema, given);
    if (bindArguments(schema, call.args, call.named) !== undefined) return call;
  }
  const isKeyword = ({ isKeyword: by }: GivenArgument) => by === true;
  return {
    args: given.filter((argument) => !isKeyword(argument)).map(({ value }) => value),
    named: new Map(given.filter(isKeyword).map(({ name: key, value }) => [key, value])),
  };
}

function byNames({ parameters }: Schema, given: readonly GivenArgument[]): BoundArguments {
  const known = new Set(parameters.map(({ name }) => name));
  const [first, ...rest] = given;
  if (first === undefined) return { args: [], named: new Map() };
  const isLeading = !first.isKeyword && !parameters[0]?.isNamedOnly;
  const named = (isLeading ? rest : given).filter(({ name, value }) => value !== null || known.has(name));
  return {
    args: isLeading ? [first.value] : [],
    named: new Map(named.map(({ name, value }) => [name, value])),
  };
}
