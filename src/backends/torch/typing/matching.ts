import type { FunctionSchema, SchemaParameter } from './operators.ts';
import {
  DEVICE,
  is,
  isSubtype,
  isUncertain,
  listOf,
  optionalOf,
  TENSOR,
  type Type,
  tupleOf,
  typeName,
  UNKNOWN,
  unify,
  unifyAll,
} from './types.ts';

/** The types of a call's arguments. */
export interface Arguments {
  /** What a method is called on. */
  readonly self?: Type;
  readonly positional: readonly Type[];
  readonly named: readonly (readonly [name: string, type: Type])[];
}

/** What a call gives, or why it cannot be. */
export type Match = { readonly result: Type } | { readonly reason: string };

/**
 * The type that a value has where `target` is asked for: its own, or that to which libtorch converts it silently.
 * @param implicitly whether tensors become numbers and strings devices.
 */
export function converted(target: Type, actual: Type, implicitly: boolean): Type {
  if (target.kind === 'optional' && actual.kind !== 'optional' && !is(actual, 'None')) {
    return converted(target.of, actual, implicitly);
  }
  if (target.kind === 'list' && becomesList(actual, target.of)) return target;
  if (target.kind === 'list' && actual.kind === 'list' && actual.isEmpty === true) return target;
  if (target.kind === 'tuple' && actual.kind === 'tuple' && target.items.length === actual.items.length) {
    return tupleOf(target.items.map((item, i) => converted(item, actual.items[i] as Type, implicitly)));
  }
  if (!implicitly || target.kind !== 'plain') return actual;
  const isTensor = is(actual, 'Tensor');
  if ((isTensor || is(actual, 'number')) && ['int', 'float', 'complex'].includes(target.name)) return target;
  if (isTensor && target.name === 'number') return target;
  return is(actual, 'str') && target.name === 'Device' ? DEVICE : actual;
}

/** A tuple may stand for a list of its items' type. */
function becomesList(actual: Type, of: Type): boolean {
  return actual.kind === 'tuple' && actual.items.every((item) => isSubtype(item, of));
}

/** Finds what the variables of a schema's type stand for. Returns why the types cannot be the same. */
function bind(formal: Type, actual: Type, variables: Map<string, Type>): string | undefined {
  const failed = `Could not match type ${typeName(actual)} to ${typeName(formal)}`;
  if (actual.kind === 'unknown' && formal.kind !== 'variable') {
    for (const name of variablesOf(formal)) if (!variables.has(name)) variables.set(name, UNKNOWN);
    return undefined;
  }
  switch (formal.kind) {
    case 'variable': {
      const known = variables.get(formal.name);
      if (known === undefined) variables.set(formal.name, actual);
      else if (unify(known, actual) === undefined) return failed;
      return undefined;
    }
    case 'list': {
      if (variablesOf(formal.of).length === 0) return undefined;
      if (actual.kind === 'list') return bind(formal.of, actual.of, variables);
      const items = actual.kind === 'tuple' ? unifyAll(actual.items) : undefined;
      return items === undefined ? failed : bind(formal.of, items, variables);
    }
    case 'tuple':
      if (variablesOf(formal).length === 0) return undefined;
      if (actual.kind !== 'tuple' || actual.items.length !== formal.items.length) return failed;
      for (const [i, item] of formal.items.entries()) {
        const reason = bind(item, actual.items[i] as Type, variables);
        if (reason !== undefined) return reason;
      }
      return undefined;
    case 'dict':
      if (variablesOf(formal).length === 0) return undefined;
      if (actual.kind !== 'dict') return failed;
      return bind(formal.key, actual.key, variables) ?? bind(formal.value, actual.value, variables);
    case 'optional':
      if (is(actual, 'None')) return undefined;
      return bind(formal.of, actual.kind === 'optional' ? actual.of : actual, variables);
    default:
      return undefined;
  }
}

function variablesOf(type: Type): string[] {
  switch (type.kind) {
    case 'variable':
      return [type.name];
    case 'list':
    case 'optional':
    case 'future':
      return variablesOf(type.of);
    case 'dict':
      return [...variablesOf(type.key), ...variablesOf(type.value)];
    case 'tuple':
      return type.items.flatMap(variablesOf);
    default:
      return [];
  }
}

/** The type with its variables filled in; what has no value is unknown. */
function filled(type: Type, variables: ReadonlyMap<string, Type>): Type {
  switch (type.kind) {
    case 'variable':
      return variables.get(type.name) ?? UNKNOWN;
    case 'list':
      return listOf(filled(type.of, variables));
    case 'optional':
      return optionalOf(filled(type.of, variables));
    case 'dict':
      return { kind: 'dict', key: filled(type.key, variables), value: filled(type.value, variables) };
    case 'tuple':
      return tupleOf(
        type.items.map((item) => filled(item, variables)),
        type.names,
      );
    default:
      return type;
  }
}

/** Whether a method of this schema belongs to values of the type. */
export function isMethodOf({ parameters }: FunctionSchema, type: Type): boolean {
  const self = parameters.find(({ name }) => name === 'self');
  if (self === undefined) return false;
  const variables = new Map<string, Type>();
  return bind(self.type, type, variables) === undefined && isSubtype(type, filled(self.type, variables));
}

/** Calls a function of the schema, as libtorch would try. */
export function matchSchema(schema: FunctionSchema, args: Arguments, implicitly: boolean): Match {
  const variables = new Map<string, Type>();
  const { parameters } = schema;
  const unused = new Map(args.named);
  let used = 0;
  for (const [i, parameter] of parameters.entries()) {
    const named = unused.get(parameter.name);
    if (parameter.name === 'self' && args.self !== undefined) {
      const reason = argumentFault(parameter, args.self, variables, implicitly);
      if (reason !== undefined) return { reason };
      continue;
    }
    if (!parameter.isNamedOnly && used < args.positional.length) {
      if (named !== undefined) return { reason: `Keyword argument ${parameter.name} specified twice` };
      const rest = args.positional.slice(used);
      const isLast = parameters[i + 1] === undefined || parameters[i + 1]?.isNamedOnly === true;
      const item =
        implicitly && isLast ? itemOfRest(parameter, rest[0] as Type, rest.length === 1) : undefined;
      if (item === undefined) {
        const reason = argumentFault(parameter, args.positional[used++] as Type, variables, implicitly);
        if (reason !== undefined) return { reason };
        continue;
      }
      const other = rest.find((type) => !isSubtype(converted(item, type, implicitly), item));
      if (other !== undefined) return { reason: expected(item, '<varargs>', other) };
      used = args.positional.length;
    } else if (named !== undefined) {
      unused.delete(parameter.name);
      const reason = argumentFault(parameter, named, variables, implicitly);
      if (reason !== undefined) return { reason };
    } else if (!parameter.hasDefault) return { reason: `Argument ${parameter.name} not provided` };
  }
  if (used < args.positional.length && !schema.isVariadic) {
    const most = parameters.filter(({ isNamedOnly }) => !isNamedOnly).length;
    return {
      reason: `Expected at most ${most} arguments but found ${args.positional.length} positional arguments`,
    };
  }
  const [extra] = unused.keys();
  if (extra !== undefined) return { reason: `Keyword argument ${extra} unknown` };
  return { result: filled(schema.returns, variables) };
}

/** view(2, 3) is view([2, 3]): what each of the remaining arguments has to be then. */
function itemOfRest({ type, takesOne }: SchemaParameter, first: Type, isAlone: boolean): Type | undefined {
  if (type.kind !== 'list' || takesOne || type.of.kind === 'variable') return undefined;
  const isList =
    first.kind === 'list' || (first.kind === 'unknown' && isAlone) || becomesList(first, type.of);
  return isList ? undefined : type.of;
}

function argumentFault(
  { name, type, takesOne }: SchemaParameter,
  actual: Type,
  variables: Map<string, Type>,
  implicitly: boolean,
): string | undefined {
  if (takesOne) {
    const list = type.kind === 'optional' ? type.of : type;
    if (list.kind === 'list' && (is(actual, 'int') || is(actual, 'float')) && isSubtype(actual, list.of)) {
      return undefined;
    }
  }
  const reason = bind(type, actual, variables);
  if (reason !== undefined) return `${reason} in argument '${name}'`;
  const wanted = filled(type, variables);
  return isSubtype(converted(wanted, actual, implicitly), wanted) ? undefined : expected(type, name, actual);
}

function expected(type: Type, name: string, actual: Type): string {
  return `Expected a value of type '${typeName(type)}' for argument '${name}' but instead found type '${typeName(actual)}'`;
}

/** By these names overloads take tensors to write their results to. They are not listed. */
const OUTPUTS = new Set([
  ...['out', 'out0', 'out1', 'out2', 'values', 'indices', 'min', 'max', 'min_indices', 'max_values'],
  ...[
    'mantissa',
    'exponent',
    'sign',
    'logabsdet',
    'hist',
    'bin_edges',
    'eigenvalues',
    'eigenvectors',
    'solution',
  ],
  ...['result', 'U', 'S', 'V', 'Vh', 'Q', 'R', 'L', 'LU', 'LD', 'P', 'X', 'M', 'e', 'pivots', 'info', 'rank'],
]);

function writesToOutputs(schemas: readonly FunctionSchema[], { named }: Arguments): boolean {
  const isOutput = (name: string, type: Type) =>
    OUTPUTS.has(name) &&
    isSubtype(type, TENSOR) &&
    !schemas.some((schema) => schema.parameters.some((p) => p.name === name));
  return named.some(([name, type]) => isOutput(name, type));
}

/** Calls the first overload that takes the arguments. */
export function matchOverloads(schemas: readonly FunctionSchema[], args: Arguments): Match {
  const all = [args.self ?? TENSOR, ...args.positional, ...args.named.map(([, type]) => type)];
  if (schemas.length === 0) return { result: UNKNOWN };
  if (all.some(isUncertain)) return matchUncertain(schemas, args);
  for (const implicitly of [false, true]) {
    for (const schema of schemas) {
      const match = matchSchema(schema, args, implicitly);
      if ('result' in match) return match;
    }
  }
  if (writesToOutputs(schemas, args)) return { result: UNKNOWN };
  const reasons = schemas.map((schema) => (matchSchema(schema, args, true) as { reason: string }).reason);
  return { reason: [...new Set(reasons)].slice(0, 3).join('; ') };
}

/** Where an argument is not known, so is what comes out, unless all overloads that it may be give the same. */
function matchUncertain(schemas: readonly FunctionSchema[], args: Arguments): Match {
  const matches = schemas.map((schema) => matchSchema(schema, args, true));
  const results = matches.flatMap((match) => ('result' in match ? [match.result] : []));
  const [first] = results;
  if (first !== undefined) {
    const isOne = results.every((result) => typeName(result) === typeName(first));
    return { result: isOne ? first : UNKNOWN };
  }
  if (writesToOutputs(schemas, args)) return { result: UNKNOWN };
  return matches[0] ?? { result: UNKNOWN };
}
