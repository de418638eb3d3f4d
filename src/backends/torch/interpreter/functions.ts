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
  const items = args.length === 1 ? iterate(engine, args[0] as ScriptValue) : args;
  const [first, ...rest] = items;
  if (first === undefined) throw new ScriptError('ValueError: arg is an empty sequence');
  const symbolic = items.find((item) => item instanceof SymbolicNumber);
  if (symbolic === undefined) {
    return rest.reduce(
      (best, item) => (truth(engine, compare(engine, operator, item, best)) ? item : best),
      first,
    );
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
  const trimmed = text.trim();
  const infinite = /^([+-]?)inf(inity)?$/i.exec(trimmed);
  if (infinite !== null && type === 'float') return infinite[1] === '-' ? -Infinity : Infinity;
  const pattern = type === 'int' ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  if (/^nan$/i.test(trimmed) && type === 'float') return Number.NaN;
  if (!pattern.test(trimmed)) throw new ScriptError(`could not convert string to ${type}: '${text}'`);
  return Number(trimmed);
}

function makeDict(engine: Engine, from: ScriptValue | undefined): ScriptDict {
  const made = new ScriptDict();
  const entries = from === undefined ? [] : from instanceof ScriptDict ? from.items : iterate(engine, from);
  for (const entry of entries) {
    const [key, value] = iterate(engine, entry);
    made.set(settled(engine, key ?? null), value ?? null);
  }
  return made;
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
  dict: (engine, [value]) => makeDict(engine, value),
  zip: (engine, args) => {
    const lists = args.map((arg) => iterate(engine, arg));
    const shortest = Math.min(...lists.map((items) => items.length));
    return Array.from(
      { length: shortest },
      (_, i) => new Tuple(lists.map((items) => items[i] as ScriptValue)),
    );
  },
  enumerate: (engine, [value = null, start = 0]) =>
    iterate(engine, value).map((item, i) => new Tuple([i + intOf(engine, start), item])),
  reversed: (engine, [value = null]) => [...iterate(engine, value)].reverse(),
  sorted: (engine, [value = null]) => sorted(engine, iterate(engine, value)),
  min: (engine, args) => extreme(engine, args, '<'),
  max: (engine, args) => extreme(engine, args, '>'),
  sum: (engine, [value = null]) =>
    iterate(engine, value).reduce((sum, item) => operate(engine, '+', sum, item), 0 as ScriptValue),
  any: (engine, [value = null]) => iterate(engine, value).some((item) => truth(engine, item)),
  all: (engine, [value = null]) => iterate(engine, value).every((item) => truth(engine, item)),
  abs: (engine, [value = null]) => absolute(engine, value),
  round: (engine, args, named) => rounded(engine, args, named),
  ord: (_, [value]) => (typeof value === 'string' ? (value.codePointAt(0) ?? 0) : 0),
  chr: (_, [value]) => String.fromCodePoint(typeof value === 'number' ? value : 0),
  print: () => null,
};

function absolute(engine: Engine, value: ScriptValue): ScriptValue {
  if (value instanceof TensorValue) return engine.call('aten::abs', [value], new Map());
  if (value instanceof Float) return new Float(Math.abs(value.value));
  if (isNumber(value)) return Math.abs(numberOf(value));
  return engine.symbolic('max', value, operate(engine, '-', 0, value));
}

/** Python rounds halves to even. */
function roundEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** @param name of the op that it is on tensors. */
const floatFunction =
  (name: string, of: (x: number) => number): Function =>
  (engine, [x = null]) => {
    if (isNumber(x)) return new Float(of(numberOf(x)));
    if (x instanceof SymbolicNumber) {
      const scalar = engine.call('prim::NumToTensor', [engine.convert(x, 'float')], new Map());
      return engine.convert(engine.call(`aten::${name}`, [scalar], new Map()) as TensorValue, 'float');
    }
    throw new ScriptError(`expected a number, got ${typeName(x)}`);
  };
/** @param name of the op that it is on tensors. */
const intFunction =
  (name: string, of: (x: number) => number): Function =>
  (engine, args, named) => {
    const [x = null] = args;
    if (isNumber(x)) return of(numberOf(x));
    if (x instanceof SymbolicNumber && x.type === 'int') return x;
    return convert(engine, floatFunction(name, of)(engine, args, named), 'int');
  };
const rounded = floatFunction('round', roundEven);

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
      return container.get(known) ?? raise(engine, [`KeyError: ${textOf(known, true)}`], new Map());
    }
    return itemAt(iterate(engine, container), intOf(engine, key));
  },
  'aten::_set_item': (engine, [container = null, key = null, value = null]) => {
    if (container instanceof ScriptDict) container.set(settled(engine, key), value);
    else if (Array.isArray(container)) container[positionOf(container, intOf(engine, key))] = value;
    return null;
  },
  'aten::len': (engine, [value = null]) => length(engine, value),
  'aten::format': (engine, [format = '', ...values]) =>
    containerMethod(engine, format, 'format')?.(values) ?? null,
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
  'aten::sum': (engine, args, named) => (BUILTINS.sum as Function)(engine, args, named),
  'aten::any': (engine, args, named) => (BUILTINS.any as Function)(engine, args, named),
  'aten::all': (engine, args, named) => (BUILTINS.all as Function)(engine, args, named),
  'aten::neg': (engine, [value = null]) => operate(engine, '*', value, -1),
  'aten::floor': intFunction('floor', Math.floor),
  'aten::ceil': intFunction('ceil', Math.ceil),
  'aten::round': rounded,
  'aten::sqrt': floatFunction('sqrt', Math.sqrt),
  'aten::exp': floatFunction('exp', Math.exp),
  'aten::log': floatFunction('log', Math.log),
  'aten::log2': floatFunction('log2', Math.log2),
  'aten::log10': floatFunction('log10', Math.log10),
  'aten::sin': floatFunction('sin', Math.sin),
  'aten::cos': floatFunction('cos', Math.cos),
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
    if (method !== undefined) return method(args.slice(1));
  }
  if (name.startsWith('aten::') && args[0] !== undefined && !(args[0] instanceof TensorValue)) {
    const method = containerMethod(engine, args[0], short);
    if (method !== undefined) return method(args.slice(1));
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
