import type { Call, Expression } from '../language/syntax.ts';
import { is, isSubtype, partsOf, type Type, unify, unionOf } from './types.ts';

/** What is known of variables where a condition holds. */
export type Refinements = ReadonlyMap<string, Type>;

/** What a condition says of variables, and its value where the types alone decide it: then only one branch is compiled. */
export interface Condition {
  readonly whenTrue: Refinements;
  readonly whenFalse: Refinements;
  readonly value: boolean | undefined;
  /** Types that are not known may decide it: one of the branches may never be compiled. */
  readonly mayBeDecided?: boolean;
}

const NOTHING: Refinements = new Map();
export const OPEN: Condition = { whenTrue: NOTHING, whenFalse: NOTHING, value: undefined };
export const UNCERTAIN: Condition = { ...OPEN, mayBeDecided: true };

export function decided(value: boolean): Condition {
  return { ...OPEN, value };
}

export function negated(condition: Condition): Condition {
  const { whenTrue, whenFalse, value } = condition;
  return {
    ...condition,
    whenTrue: whenFalse,
    whenFalse: whenTrue,
    value: value === undefined ? undefined : !value,
  };
}

/** Both hold. */
export function conjunction(left: Condition, right: Condition): Condition {
  const isFalse = left.value === false || right.value === false;
  const isTrue = left.value === true && right.value === true;
  return {
    whenTrue: new Map([...left.whenTrue, ...right.whenTrue]),
    whenFalse: eitherOf(left.whenFalse, right.whenFalse),
    value: isFalse ? false : isTrue ? true : undefined,
    mayBeDecided: left.mayBeDecided === true || right.mayBeDecided === true,
  };
}

export function disjunction(left: Condition, right: Condition): Condition {
  return negated(conjunction(negated(left), negated(right)));
}

function eitherOf(left: Refinements, right: Refinements): Refinements {
  const both = new Map<string, Type>();
  for (const [name, type] of left) {
    const other = right.get(name);
    const whole = other && unify(type, other, true);
    if (whole !== undefined) both.set(name, whole);
  }
  return both;
}

/** `x is None`, which says nothing of x where it holds: as in libtorch it stays an Optional. @param name of the variable, where it is one. */
export function isNone(type: Type, name: string | undefined): Condition {
  if (is(type, 'None')) return decided(true);
  const parts = partsOf(type);
  if (parts.some((part) => part.kind === 'unknown')) return UNCERTAIN;
  // An Any is taken for a value that is there.
  const rest = parts.filter((part) => !is(part, 'None'));
  if (rest.length === parts.length) return decided(false);
  if (name === undefined) return OPEN;
  return { ...OPEN, whenFalse: new Map([[name, unionOf(rest)]]) };
}

/** `isinstance(x, types)`. */
export function isOneOf(type: Type, types: readonly Type[], name: string | undefined): Condition {
  const parts = partsOf(type);
  if (types.some(({ kind }) => kind === 'unknown') || parts.some(({ kind }) => kind === 'unknown')) {
    return UNCERTAIN;
  }
  if (types.some((one) => is(one, 'Any'))) return decided(true);
  if (parts.some((part) => is(part, 'Any'))) {
    const whenTrue = name === undefined ? NOTHING : new Map([[name, unionOf(types)]]);
    return { whenTrue, whenFalse: NOTHING, value: undefined };
  }
  const fits = (part: Type) => types.some((one) => isSubtype(part, one));
  const matching = parts.filter(fits);
  const others = parts.filter((part) => !fits(part));
  if (matching.length === 0) return decided(false);
  if (others.length === 0) return decided(true);
  if (name === undefined) return OPEN;
  return {
    whenTrue: new Map([[name, unionOf(matching)]]),
    whenFalse: new Map([[name, unionOf(others)]]),
    value: undefined,
  };
}

/** Whether a value of the type can be a condition. */
export function canBeBool(type: Type): boolean {
  if (type.kind === 'unknown' || type.kind === 'list' || type.kind === 'dict') return true;
  return ['bool', 'int', 'float', 'number', 'Tensor', 'str'].some((name) => is(type, name as 'bool'));
}

export function variableName(expression: Expression): string | undefined {
  return expression.kind === 'name' ? expression.name : undefined;
}

/** `torch.jit.is_scripting()`, which is decided while a script is compiled. */
export function isScriptingCall({ callee }: Call): boolean {
  const name = callee.kind === 'attribute' || callee.kind === 'name' ? callee.name : '';
  return name === 'is_scripting';
}
