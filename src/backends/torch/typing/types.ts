/** A type of TorchScript, as far as it is known. */
export type Type =
  /** Anything may be true of it: nothing is refused because of it. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'plain'; readonly name: PlainName }
  /** An empty one that was written as such is of tensors, but is taken for a list of whatever is asked for. */
  | { readonly kind: 'list'; readonly of: Type; readonly isEmpty?: boolean }
  | { readonly kind: 'optional'; readonly of: Type }
  | { readonly kind: 'future'; readonly of: Type }
  | { readonly kind: 'dict'; readonly key: Type; readonly value: Type }
  | { readonly kind: 'tuple'; readonly items: readonly Type[]; readonly names?: readonly string[] }
  | { readonly kind: 'union'; readonly of: readonly Type[] }
  /** `t` of an operator's schema. */
  | { readonly kind: 'variable'; readonly name: string };

const PLAIN = [
  ...(['Tensor', 'int', 'float', 'bool', 'complex', 'str', 'None', 'number', 'Any', 'Device'] as const),
  ...(['Generator', 'Stream', 'Storage', 'Capsule', 'AnyEnumType', 'AnyClassType', 'list', 'tuple'] as const),
];
export type PlainName = (typeof PLAIN)[number];

export const UNKNOWN: Type = { kind: 'unknown' };
export const TENSOR = plain('Tensor');
export const INT = plain('int');
export const FLOAT = plain('float');
export const BOOL = plain('bool');
export const COMPLEX = plain('complex');
export const STR = plain('str');
export const NONE = plain('None');
export const NUMBER = plain('number');
export const ANY = plain('Any');
export const DEVICE = plain('Device');

export function plain(name: PlainName): Type {
  return { kind: 'plain', name };
}

export function isPlainName(name: string): name is PlainName {
  return (PLAIN as readonly string[]).includes(name);
}

export function listOf(of: Type): Type {
  return { kind: 'list', of };
}

/** `[]` */
export const EMPTY_LIST: Type = { kind: 'list', of: TENSOR, isEmpty: true };

export function tupleOf(items: readonly Type[], names?: readonly string[]): Type {
  return names === undefined ? { kind: 'tuple', items } : { kind: 'tuple', items, names };
}

/** Optional[T]; an Optional of what may be None anyway is that. */
export function optionalOf(of: Type): Type {
  return of.kind === 'optional' || is(of, 'None') || is(of, 'Any') ? of : { kind: 'optional', of };
}

/** Union of types, without those that others have in them; Optional where it is one type and None. */
export function unionOf(types: readonly Type[]): Type {
  const flat = types.flatMap((type) => partsOf(type));
  const kept = flat.filter(
    (type, i) => !flat.some((other, j) => j !== i && isSubtype(type, other) && (j < i || !same(type, other))),
  );
  const rest = kept.filter((type) => !is(type, 'None'));
  const [first = NONE] = rest;
  const whole: Type = rest.length > 1 ? { kind: 'union', of: kept } : first;
  return rest.length === 1 && kept.length > 1 ? optionalOf(whole) : whole;
}

/** The types that a value may have: Optional[int] is int or None. */
export function partsOf(type: Type): readonly Type[] {
  if (type.kind === 'union') return type.of;
  return type.kind === 'optional' ? [...partsOf(type.of), NONE] : [type];
}

export function is(type: Type, name: PlainName): boolean {
  return type.kind === 'plain' && type.name === name;
}

const sizes = new WeakMap<Type, number>();

/** How many types it is made of, each time that one is in it. */
export function sizeOf(type: Type): number {
  const known = sizes.get(type);
  if (known !== undefined) return known;
  let size = 1;
  if (type.kind === 'dict') size += sizeOf(type.key) + sizeOf(type.value);
  else if (type.kind === 'tuple') for (const item of type.items) size += sizeOf(item);
  else if (type.kind === 'union') for (const part of type.of) size += sizeOf(part);
  else if ('of' in type) size += sizeOf(type.of);
  sizes.set(type, size);
  return size;
}

/** Whether some of it is not known. */
export function isUncertain(type: Type): boolean {
  switch (type.kind) {
    case 'unknown':
      return true;
    case 'plain':
    case 'variable':
      return false;
    case 'dict':
      return isUncertain(type.key) || isUncertain(type.value);
    case 'tuple':
      return type.items.some(isUncertain);
    case 'union':
      return type.of.some(isUncertain);
    default:
      return isUncertain(type.of);
  }
}

/** Whether two types are one; what is not known may be. */
export function same(a: Type, b: Type): boolean {
  if (a.kind === 'unknown' || b.kind === 'unknown') return true;
  if (a.kind === 'plain') return b.kind === 'plain' && a.name === b.name;
  if (a.kind === 'variable') return b.kind === 'variable' && a.name === b.name;
  if (a.kind === 'dict') return b.kind === 'dict' && same(a.key, b.key) && same(a.value, b.value);
  if (a.kind === 'tuple') return b.kind === 'tuple' && everyPair(a.items, b.items, same);
  if (a.kind === 'union') {
    return (
      b.kind === 'union' && a.of.length === b.of.length && a.of.every((x) => b.of.some((y) => same(x, y)))
    );
  }
  return a.kind === b.kind && same(a.of, b.of);
}

function everyPair(a: readonly Type[], b: readonly Type[], test: (x: Type, y: Type) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => test(item, b[i] as Type));
}

/** Whether a value of the one type can stand where the other is asked for; lists and dicts have to be the same. */
export function isSubtype(type: Type, of: Type): boolean {
  if (type.kind === 'unknown' || of.kind === 'unknown' || is(of, 'Any')) return true;
  if (type.kind === 'union') return type.of.every((part) => isSubtype(part, of));
  if (of.kind === 'union')
    return partsOf(type).every((part) => of.of.some((other) => isSubtype(part, other)));
  if (of.kind === 'optional') {
    return is(type, 'None') || isSubtype(type.kind === 'optional' ? type.of : type, of.of);
  }
  if (is(of, 'number'))
    return ['int', 'float', 'complex', 'number'].some((name) => is(type, name as PlainName));
  if (is(of, 'list')) return type.kind === 'list' || is(type, 'list');
  if (is(of, 'tuple')) return type.kind === 'tuple' || is(type, 'tuple');
  if (type.kind === 'tuple' && of.kind === 'tuple') return everyPair(type.items, of.items, isSubtype);
  return same(type, of);
}

/**
 * The type that holds the values of both; undefined where there is none.
 * @param asUnion whether a Union will do.
 */
export function unify(a: Type, b: Type, asUnion = false): Type | undefined {
  if (a.kind === 'unknown' || b.kind === 'unknown') return UNKNOWN;
  if (isUncertain(a) && same(a, b)) return a;
  if (isSubtype(a, b)) return b;
  if (isSubtype(b, a)) return a;
  if (is(a, 'None')) return optionalOf(b);
  if (is(b, 'None')) return optionalOf(a);
  if (a.kind === 'optional' || b.kind === 'optional') {
    const inner = unify(a.kind === 'optional' ? a.of : a, b.kind === 'optional' ? b.of : b);
    if (inner !== undefined) return optionalOf(inner);
  }
  if (a.kind === 'tuple' && b.kind === 'tuple' && a.items.length === b.items.length) {
    const items = a.items.map((item, i) => unify(item, b.items[i] as Type));
    if (items.every((item) => item !== undefined)) return tupleOf(items);
  }
  return asUnion ? unionOf([a, b]) : undefined;
}

export function unifyAll(types: readonly Type[], asUnion = false): Type | undefined {
  let [all] = types;
  for (const type of types) {
    if (all === undefined) return undefined;
    all = unify(all, type, asUnion);
    // A union of so many says nothing any more, and takes long to make.
    if (all !== undefined && all.kind === 'union' && all.of.length > MAX_PARTS) return UNKNOWN;
  }
  return all;
}
const MAX_PARTS = 100;

/** As TorchScript writes it: `Dict[str, Optional[int]]`. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case 'unknown':
      return '?';
    case 'plain':
      return type.name === 'None' ? 'NoneType' : type.name;
    case 'variable':
      return type.name;
    case 'dict':
      return `Dict[${typeName(type.key)}, ${typeName(type.value)}]`;
    case 'tuple':
      return `Tuple[${type.items.map(typeName).join(', ')}]`;
    case 'union':
      return `Union[${type.of.map(typeName).join(', ')}]`;
    default:
      return `${{ list: 'List', optional: 'Optional', future: 'Future' }[type.kind]}[${typeName(type.of)}]`;
  }
}
