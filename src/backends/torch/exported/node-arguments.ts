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

interface Candidate extends BoundArguments {
  readonly schema: Schema;
  /** Whether all arguments but a first one called `self` go by their names. */
  readonly isByName: boolean;
}

/**
 * How an op is called with what a node gives it by name: as the first overload takes it that has all of the names, or else that fits. The op
 * table calls the first tensor `self` whatever torch does; arguments up to the last whose name it does not have go by their places, and Nones
 * without a name there are left out.
 */
export function bindNode(name: string, given: readonly GivenArgument[]): BoundArguments {
  const calls = definitionsOf(name).map(({ schema }) => callOf(schema, given, name.endsWith('_')));
  const fitting = calls.filter(({ schema, args, named }) => bindArguments(schema, args, named) !== undefined);
  const found = fitting.find(({ isByName }) => isByName) ?? fitting[0];
  // Where nothing fits the error says what was given.
  return found ?? { args: given.map(({ value }) => value), named: new Map() };
}

function callOf(schema: Schema, given: readonly GivenArgument[], isInPlace: boolean): Candidate {
  const { parameters } = schema;
  const known = new Set(parameters.map(({ name }) => name));
  const isLost = ({ name, value, isKeyword }: GivenArgument) =>
    !known.has(name) && value !== null && isKeyword !== true;
  // An op in place looks for what it changes in the first place.
  const count = Math.max(given.findLastIndex(isLost) + 1, isInPlace ? 1 : 0);
  const named = given.slice(count).filter(({ name, value }) => value !== null || known.has(name));
  return {
    schema,
    args: given.slice(0, count).map(({ value }) => value),
    named: new Map(named.map(({ name, value }) => [name, value])),
    isByName: count === 0 || (count === 1 && parameters[0]?.name === 'self'),
  };
}
