import {
  containerMethod,
  intOf,
  isContainerMethod,
  itemAt,
  iterate,
  slicePositions,
  sorted,
} from './containers.ts';
import type { Engine } from './engine.ts';
import { formatted } from './formatting.ts';
import { MATH_FUNCTIONS } from './math-functions.ts';
import { checkLength, compare, contains, operate, settled, shown, TENSOR_OPS, truth } from './operators.ts';
import {
  Device,
  Float,
  isNumber,
  type Named,
  numberOf,
  ScriptDict,
  ScriptError,
  type ScriptValue,
  SymbolicNumber,
  TensorValue,
  Tuple,
  textOf,
  typeName,
} from './values.ts';

type Function = (engine: Engine, args: readonly ScriptValue[], named: Named) => ScriptValue;

/** Operators by their names as functions: torch.add(1, 2) where both are ints. */
const OPERATORS = new Map(Object.entries(TENSOR_OPS).map(([operator, name]) => [name, operator]));
OPERATORS.set('floordiv', '//');
const COMPARISONS = new Set(['<', '>', '<=', '>=', '==', '!=']);

function extreme(engine: Engine, args: readonly ScriptValue[], operator: '<' | '>'): ScriptValue {
  const given =
    args.length === 1 && !(args[0] instanceof TensorValue) ? iterate(engine, args[0] ?? null) : args;
  // A tensor is taken for a number: an int, unless there are floats.
  const type = given.some((item) => item instanceof Float) ? 'float' : 'int';
  const items = given.map((item) => (item instanceof TensorValue ? engine.convert(item, type) : item));
  const [first, ...rest] = items;
  if (first === undefined) throw new ScriptError('ValueError: arg is an empty sequence');
  const symbolic = items.find((item) => item instanceof SymbolicNumber);
  if (symbolic === undefined) {
    const best = rest.reduce(
      (found, item) => (truth(engine, compare(engine, operator, item, found)) ? item : found),
      first,
    );
    // An int among floats becomes one.
    const isFloat = typeof best === 'number' && items.some((item) => item instanceof Float);
    return isFloat ? new Float(best) : best;
  }
  return rest.reduce((best, item) => engine.symbolic(operator === '<' ? 'min' : 'max', best, item), first);
}

const raise: Function = (engine, [message = null]) => {
  throw new ScriptError(shown(engine, message));
};

const assert: Function = (engine, [condition = null, message = '']) =>
  truth(engine, condition) ? null : raise(engine, [`AssertionError: ${shown(engine, message)}`], new Map());

function range(engine: Engine, args: readonly ScriptValue[]): number[] {
  const bounds = args.map((bound) => intOf(engine, bound));
  const [start, end, step] =
    bounds.length === 1 ? [0, bounds[0] as number, 1] : (bounds as [number, number, number]);
  if (step === 0) throw new ScriptError('range() arg 3 must not be zero');
  const count = Math.max(0, Math.ceil((end - start) / (step ?? 1)));
  if (count > MAX_RANGE) throw new ScriptError(`a range of ${count} is too long`);
  checkLength(engine, count);
  return Array.from({ length: count }, (_, i) => start + i * (step ?? 1));
}
/** A loop of more turns than this is none that a graph could hold. */
const MAX_RANGE = 1_000_000;

function length(engine: Engine, value: ScriptValue): ScriptValue {
  if (value instanceof TensorValue) return engine.call('aten::len', [value], new Map());
  if (value instanceof ScriptDict) return value.size;
  return typeof value === 'string' ? value.length : iterate(engine, value).length;
}

function convert(engine: Engine, value: ScriptValue, type: 'int' | 'float' | 'bool'): ScriptValue {
  if (value instanceof TensorValue || value instanceof SymbolicNumber) return engine.convert(value, type);
  if (type === 'bool') return truth(engine, value);
  const number =
    typeof value === 'string' ? parseNumber(value, type) : isNumber(value) ? numberOf(value) : undefined;
  if (number === undefined) throw new ScriptError(`${typeName(value)} cannot become ${type}`);
  return type === 'int' ? Math.trunc(number) : new Float(number);
}

function parseNumber(text: string, type: 'int' | 'float'): number {
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite !== null && type === 'float') return infinite[1] === '-' ? -Infinity : Infinity;
  const pattern = type === 'int' ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  if (/^nan$/i.test(text) && type === 'float') return Number.NaN;
  if (!pattern.test(text)) {
    const what =
      type === 'int' ? 'invalid literal for int() with base 10' : 'could not convert string to float';
    throw new ScriptError(`${what}: '${text}'`);
  }
  return Number(text);
}

function makeDict(engine: Engine, from: ScriptValue | undefined, named: Named = new Map()): ScriptDict {
  const made = new ScriptDict();
  const entries = from === undefined ? [] : from instanceof ScriptDict ? from.items : iterate(engine, from);
  for (const entry of entries) {
    const [key, value] = iterate(engine, entry);
    made.set(settled(engine, key ?? null), value ?? null);
  }
  for (const [name, value] of named) made.set(name, value);
  return made;
}

/** A function of lists that is an op of tensors. */
function ofTensors(name: string, ofLists: Function): Function {
  return (engine, args, named) =>
    args[0] instanceof TensorValue ? engine.call(`aten::${name}`, args, named) : ofLists(engine, args, named);
}

/** Python's own functions. */
export const BUILTINS: Readonly<Record<string, Function>> = {
  int: (engine, [value = null]) => convert(engine, value, 'int'),
  float: (engine, [value = null]) => convert(engine, value, 'float'),
  bool: (engine, [value = null]) => convert(engine, value, 'bool'),
  str: (engine, [value = null]) => shown(engine, value),
  len: (engine, [value = null]) => length(engine, value),
  range: (engine, args) => range(engine, args),
  list: (engine, [value]) => (value === undefined ? [] : [...iterate(engine, value)]),
  tuple: (engine, [value = null]) => new Tuple(iterate(engine, value)),
  dict: (engine, [value], named) => makeDict(engine, value, named),
  zip: (engine, args) => {
    const lists = args.map((arg) => iterate(engine, arg));
    const shortest = Math.min(...lists.map((items) => items.length));
    return Array.from(
      { length: shortest },
      (_, i) => new Tuple(lists.map((items) => items[i] as ScriptValue)),
    );
  },
  enumerate: (engine, [value = null, first], named) => {
    const start = intOf(engine, first ?? named.get('start') ?? 0);
    return iterate(engine, value).map((item, i) => new Tuple([i + start, item]));
  },
  reversed: (engine, [value = null]) => [...iterate(engine, value)].reverse(),
  sorted: (engine, [value = null]) => sorted(engine, iterate(engine, value)),
  min: (engine, args) => extreme(engine, args, '<'),
  max: (engine, args) => extreme(engine, args, '>'),
  sum: ofTensors('sum', (engine, [value = null]) =>
    iterate(engine, value).reduce((sum, item) => operate(engine, '+', sum, item), 0 as ScriptValue),
  ),
  any: ofTensors('any', (engine, [value = null]) =>
    iterate(engine, value).some((item) => truth(engine, item)),
  ),
  all: ofTensors('all', (engine, [value = null]) =>
    iterate(engine, value).every((item) => truth(engine, item)),
  ),
  abs: (engine, [value = null]) => absolute(engine, value),
  round: (engine, args, named) => callOperation(engine, 'aten::round', args, named),
  pow: (engine, args, named) => callOperation(engine, 'aten::pow', args, named),
  divmod: (engine, [x = null, y = null]) => {
    if (isNumber(y) && numberOf(y) === 0) throw new ScriptError('ZeroDivisionError: divmod() by zero');
    return new Tuple([operate(engine, '//', x, y), operate(engine, '%', x, y)]);
  },
  hex: (engine, [value = null]) => inBase(intOf(engine, value), 16, '0x'),
  oct: (engine, [value = null]) => inBase(intOf(engine, value), 8, '0o'),
  bin: (engine, [value = null]) => inBase(intOf(engine, value), 2, '0b'),
  hash: (engine, [value = null]) => hashOf(shown(engine, value), value),
  ord: (_, [value]) => {
    if (typeof value === 'string' && value.length === 1) return value.charCodeAt(0);
    throw new ScriptError(`String for ord() must be 1 character, found ${textOf(value ?? null)}`);
  },
  chr: (engine, [value = null]) => {
    const code = intOf(engine, value);
    if (code < 0 || code >= 0x110000)
      throw new ScriptError(`chr() arg not in range(0x110000), found ${code}`);
    // A text is of bytes to libtorch.
    return String.fromCharCode(code % 256);
  },
  print: () => null,
};

function inBase(x: number, base: number, prefix: string): string {
  return `${x < 0 ? '-' : ''}${prefix}${Math.abs(x).toString(base)}`;
}

/** An int is its own hash; those of others only have to be equal where the values are. */
function hashOf(text: string, value: ScriptValue): number {
  if (typeof value === 'number') return value;
  return [...text].reduce((hash, c) => (hash * 31 + (c.codePointAt(0) ?? 0)) % 2 ** 31, 7);
}

function absolute(engine: Engine, value: ScriptValue): ScriptValue {
  if (value instanceof TensorValue) return engine.call('aten::abs', [value], new Map());
  if (value instanceof Float) return new Float(Math.abs(value.value));
  if (isNumber(value)) return Math.abs(numberOf(value));
  return engine.symbolic('max', value, operate(engine, '-', 0, value));
}

const identity: Function = (_, [value = null]) => value;

/** Functions of torch, math and TorchScript itself on what is no tensor. */
const PLAIN: Readonly<Record<string, Function>> = {
  'prim::RaiseException': raise,
  'aten::_assert': assert,
  'aten::_assert_async': assert,
  'prim::min': (engine, args) => extreme(engine, args, '<'),
  'prim::max': (engine, args) => extreme(engine, args, '>'),
  'prim::abs': (engine, [value = null]) => absolute(engine, value),
  'prim::unchecked_unwrap_optional': identity,
  'prim::unchecked_cast': identity,
  'prim::type': (_, [value = null]) =>
    value instanceof Device ? (value.name.split(':')[0] as string) : typeName(value),
  'aten::__is__': (engine, [a = null, b = null]) => compare(engine, 'is', a, b),
  'aten::__isnot__': (engine, [a = null, b = null]) => compare(engine, 'is not', a, b),
  'aten::__not__': (engine, [value = null]) => !truth(engine, value),
  'aten::__contains__': (engine, [container = null, item = null]) => contains(engine, container, item),
  'aten::__range_length': (engine, args) => range(engine, args).length,
  'aten::__derive_index': (engine, args) => {
    const [index = 0, start = 0, step = 1] = args.map((arg) => intOf(engine, arg));
    return start + index * step;
  },
  'aten::__getitem__': (engine, [container = null, key = null]) => {
    if (container instanceof ScriptDict) {
      const known = settled(engine, key);
      return container.get(known) ?? raise(engine, [`KeyError: ${textOf(known)}`], new Map());
    }
    return itemAt(iterate(engine, container), intOf(engine, key));
  },
  'aten::_set_item': (engine, [container = null, key = null, value = null]) => {
    if (container instanceof ScriptDict) container.set(settled(engine, key), value);
    else if (Array.isArray(container)) container[positionOf(container, intOf(engine, key))] = value;
    return null;
  },
  'aten::len': (engine, [value = null]) => length(engine, value),
  'aten::format': (engine, [format = '', ...values]) => formatted(engine, String(format), values),
  'aten::percentFormat': (engine, [format = '', ...values]) =>
    operate(engine, '%', format, new Tuple(values)),
  'aten::warn': () => null,
  'aten::manual_seed': () => null,
  'aten::list': (engine, [value = null]) => [...iterate(engine, value)],
  'aten::dict': (engine, [value]) => makeDict(engine, value),
  'aten::device': (_, [name = 'cpu']) => (name instanceof Device ? name : new Device(String(name))),
  // Gradients are off, yet the paths that torch keeps for inference go through kernels that are one op each: the plain ones do not.
  'aten::is_grad_enabled': () => true,
  'aten::is_autocast_enabled': () => false,
  'aten::is_scripting': () => true,
  'aten::slice': (engine, [items = null, start = null, end = null, step = null]) => {
    const from = iterate(engine, items);
    const bound = (value: ScriptValue) => (value === null ? null : intOf(engine, value));
    return slicePositions(from.length, bound(start), bound(end), bound(step)).map(
      (i) => from[i] as ScriptValue,
    );
  },
  'aten::neg': (engine, [value = null]) => operate(engine, '*', value, -1),
  ...MATH_FUNCTIONS,
  ...Object.fromEntries(
    [
      'sum',
      'any',
      'all',
      'min',
      'max',
      'abs',
      'divmod',
      'hex',
      'oct',
      'bin',
      'hash',
      'ord',
      'chr',
      'sorted',
    ].map((name) => [
      `aten::${name}`,
      (engine, args, named) => (BUILTINS[name] as Function)(engine, args, named),
    ]),
  ),
  'aten::Int': (engine, [value = null]) => convert(engine, value, 'int'),
  'aten::Float': (engine, [value = null]) => convert(engine, value, 'float'),
  'aten::Bool': (engine, [value = null]) => convert(engine, value, 'bool'),
  'aten::str': (engine, [value = null]) => shown(engine, value),
};

function positionOf(items: readonly ScriptValue[], index: number): number {
  const at = index < 0 ? index + items.length : index;
  if (at < 0 || at >= items.length) throw new ScriptError('IndexError: list assignment index out of range');
  return at;
}

/** A call of torch's functions: those on plain values are here, all others are the engine's. */
export function callOperation(
  engine: Engine,
  name: string,
  args: readonly ScriptValue[],
  named: Named,
): ScriptValue {
  const tensors = args.some((arg) => arg instanceof TensorValue);
  const short = name.slice(name.indexOf('::') + 2);
  if (!tensors && name.startsWith('aten::')) {
    const operator = OPERATORS.get(short);
    if (operator !== undefined && args.length >= 2 && args.length <= 3) {
      const [left = null, right = null] = args;
      return COMPARISONS.has(operator)
        ? compare(engine, operator, left, right)
        : operate(engine, operator, left, right);
    }
    const method = containerMethod(engine, args[0], short);
    if (method !== undefined) return method(args.slice(1), named);
  }
  if (name.startsWith('aten::') && args[0] !== undefined && !(args[0] instanceof TensorValue)) {
    const method = containerMethod(engine, args[0], short);
    if (method !== undefined) return method(args.slice(1), named);
  }
  const plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
  if (plain !== undefined && !(args[0] instanceof TensorValue && !ON_ANY.has(name)))
    return plain(engine, args, named);
  if (
    name.startsWith('prim::') &&
    args[0] instanceof TensorValue &&
    args.length === 1 &&
    short !== 'NumToTensor'
  ) {
    return engine.attribute(args[0], short);
  }
  return engine.call(name, args, named);
}

/** Plain functions that take tensors too. */
const ON_ANY = new Set([
  ...['prim::unchecked_unwrap_optional', 'prim::unchecked_cast', 'aten::__is__', 'aten::__isnot__'],
  ...[
    'aten::_assert',
    'aten::_assert_async',
    'aten::__not__',
    'aten::Int',
    'aten::Float',
    'aten::Bool',
    'aten::list',
  ],
]);

/** Whether it is an operation on what is no tensor, which needs no engine. */
export function isPlainOperation(name: string): boolean {
  const short = name.slice(name.indexOf('::') + 2);
  return Object.hasOwn(PLAIN, name) || OPERATORS.has(short) || isContainerMethod(short);
}
