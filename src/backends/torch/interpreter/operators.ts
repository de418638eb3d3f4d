import { arithmetic } from './arithmetic.ts';
import type { Engine } from './engine.ts';
import { percentFormatted } from './formatting.ts';
import {
  Device,
  Float,
  isNumber,
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

/** Operators by the ops that they are on tensors. */
export const TENSOR_OPS: Readonly<Record<string, string>> = {
  ...{ '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', '//': 'floor_divide', '%': 'remainder', '**': 'pow' },
  ...{ '@': 'matmul', '&': '__and__', '|': '__or__', '^': '__xor__', '<<': '__lshift__', '>>': '__rshift__' },
  ...{ '<': 'lt', '>': 'gt', '<=': 'le', '>=': 'ge', '==': 'eq', '!=': 'ne' },
};

const COMPARE: Readonly<Record<string, (x: number | string, y: number | string) => boolean>> = {
  '<': (x, y) => x < y,
  '>': (x, y) => x > y,
  '<=': (x, y) => x <= y,
  '>=': (x, y) => x >= y,
  '==': (x, y) => x === y,
  '!=': (x, y) => x !== y,
};

/** Lists and texts of more items are none that a program needs: they fill the memory. */
const MAX_LENGTH = 10_000_000;

/** To make one of so many is work of its own. */
const LONG = 10_000;

/** @throws ScriptError before a list or a text is made that is too long. */
export function checkLength(engine: Engine, length: number): void {
  if (length > MAX_LENGTH) throw new ScriptError(`a list or a text of ${length} items is too long`);
  if (length > LONG) engine.tick();
}

/** Operators that take numbers only as what they are. */
const BITWISE = new Set(['&', '|', '^', '<<', '>>']);

function isNumeric(value: ScriptValue): boolean {
  return isNumber(value) || value instanceof SymbolicNumber;
}

function repeated(items: readonly ScriptValue[], times: number): ScriptValue[] {
  const out = new Array<ScriptValue>(items.length * times).fill(items[0] ?? null);
  if (items.length > 1) for (let i = 0; i < out.length; i++) out[i] = items[i % items.length] as ScriptValue;
  return out;
}

const OF_NUMBERS = new Set(['//', '&', '|', '^', '<<', '>>']);

/** `left operator right`, whatever both are. */
export function operate(
  engine: Engine,
  operator: string,
  left: ScriptValue,
  right: ScriptValue,
): ScriptValue {
  // For these there is no op of a number and a tensor: the tensor becomes a number.
  if (right instanceof TensorValue && isNumeric(left) && OF_NUMBERS.has(operator)) {
    const isFloat = left instanceof Float || (left instanceof SymbolicNumber && left.type === 'float');
    return operate(engine, operator, left, engine.convert(right, isFloat ? 'float' : 'int'));
  }
  if (left instanceof TensorValue || right instanceof TensorValue) {
    return engine.call(`aten::${TENSOR_OPS[operator]}`, [left, right], new Map());
  }
  if (left instanceof SymbolicNumber || right instanceof SymbolicNumber) {
    return isNumeric(left) && isNumeric(right) && !BITWISE.has(operator)
      ? engine.symbolic(operator, left, right)
      : operate(engine, operator, settled(engine, left), settled(engine, right));
  }
  if (isNumber(left) && isNumber(right)) return arithmetic(operator, left, right);
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') {
      checkLength(engine, left.length + right.length);
      return left + right;
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      checkLength(engine, left.length + right.length);
      return [...left, ...right];
    }
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  }
  if (operator === '*' && typeof right === 'number') {
    if (typeof left === 'string' || Array.isArray(left)) checkLength(engine, left.length * right);
    if (typeof left === 'string') return left.repeat(Math.max(0, right));
    if (Array.isArray(left)) return repeated(left, Math.max(0, right));
  }
  if (operator === '*' && typeof left === 'number') return operate(engine, operator, right, left);
  if (operator === '%' && typeof left === 'string') return percentFormatted(engine, left, right);
  throw new ScriptError(
    `unsupported operand types for ${operator}: ${typeName(left)} and ${typeName(right)}`,
  );
}

/** `left operator right` for comparisons, `in` and `is`. */
export function compare(
  engine: Engine,
  operator: string,
  left: ScriptValue,
  right: ScriptValue,
): ScriptValue {
  switch (operator) {
    case 'is':
    case 'is not':
      return (left === right) === (operator === 'is');
    case 'in':
    case 'not in':
      return contains(engine, right, left) === (operator === 'in');
    default:
      break;
  }
  if (left === null || right === null) return (left === right) === (operator === '==');
  if (left instanceof TensorValue || right instanceof TensorValue) {
    return engine.call(`aten::${TENSOR_OPS[operator]}`, [left, right], new Map());
  }
  if (left instanceof SymbolicNumber || right instanceof SymbolicNumber) {
    return isNumeric(left) && isNumeric(right)
      ? engine.symbolic(operator, left, right)
      : compare(engine, operator, settled(engine, left), settled(engine, right));
  }
  const test = COMPARE[operator];
  if (test === undefined) throw new ScriptError(`the operator ${operator} is not known`);
  if (isNumber(left) && isNumber(right)) return test(numberOf(left), numberOf(right));
  if (typeof left === 'string' && typeof right === 'string') return test(left, right);
  if (operator === '==' || operator === '!=') return equal(engine, left, right) === (operator === '==');
  const [a, b] = [itemsOf(left), itemsOf(right)];
  if (a !== undefined && b !== undefined) return compareItems(engine, operator, a, b);
  throw new ScriptError(
    `unsupported operand types for ${operator}: ${typeName(left)} and ${typeName(right)}`,
  );
}

/** The first items that differ decide, or else the lengths. */
function compareItems(
  engine: Engine,
  operator: string,
  left: readonly ScriptValue[],
  right: readonly ScriptValue[],
): ScriptValue {
  const at = left.findIndex((item, i) => i >= right.length || !equal(engine, item, right[i] as ScriptValue));
  if (at < 0 || at >= right.length) return compare(engine, operator, left.length, right.length);
  return compare(engine, operator, left[at] as ScriptValue, right[at] as ScriptValue);
}

export function equal(engine: Engine, left: ScriptValue, right: ScriptValue): boolean {
  const [a, b] = [itemsOf(left), itemsOf(right)];
  if (a !== undefined && b !== undefined) {
    return a.length === b.length && a.every((item, i) => equal(engine, item, b[i] as ScriptValue));
  }
  if (a !== undefined || b !== undefined) return false;
  const symbolic = left instanceof SymbolicNumber || right instanceof SymbolicNumber;
  if (symbolic && left !== right) {
    const same = engine.symbolic('==', left, right);
    return same instanceof SymbolicNumber ? engine.truth(same) : same === true;
  }
  if (isNumber(left) && isNumber(right)) return numberOf(left) === numberOf(right);
  if (left instanceof Device && right instanceof Device) return left.name === right.name;
  return left === right;
}

function itemsOf(value: ScriptValue): readonly ScriptValue[] | undefined {
  return value instanceof Tuple ? value.items : Array.isArray(value) ? value : undefined;
}

/** A number that is known; all other values are what they are. */
export function settled(engine: Engine, value: ScriptValue): ScriptValue {
  if (!(value instanceof SymbolicNumber)) return value;
  const number = engine.known(value);
  if (value.type === 'float') return new Float(number);
  return value.type === 'bool' ? number !== 0 : number;
}

/** As str() has it; its numbers are known then. */
export function shown(engine: Engine, value: ScriptValue): string {
  return textOf(deeplySettled(engine, value));
}

/** The same of all numbers in lists, tuples and dicts. */
export function deeplySettled(engine: Engine, value: ScriptValue): ScriptValue {
  if (Array.isArray(value)) return value.map((item) => deeplySettled(engine, item));
  if (value instanceof Tuple) return new Tuple(value.items.map((item) => deeplySettled(engine, item)));
  if (!(value instanceof ScriptDict)) return settled(engine, value);
  const known = new ScriptDict();
  for (const { items } of value.items) {
    known.set(items[0] as ScriptValue, deeplySettled(engine, items[1] as ScriptValue));
  }
  return known;
}

export function contains(engine: Engine, container: ScriptValue, item: ScriptValue): boolean {
  if (container instanceof ScriptDict) return container.has(settled(engine, item));
  if (typeof container === 'string') return typeof item === 'string' && container.includes(item);
  const items = itemsOf(container);
  if (items === undefined) throw new ScriptError(`'in' does not work with ${typeName(container)}`);
  return items.some((other) => equal(engine, other, item));
}

export function truth(engine: Engine, value: ScriptValue): boolean {
  if (value instanceof TensorValue || value instanceof SymbolicNumber) return engine.truth(value);
  if (isNumber(value)) return numberOf(value) !== 0;
  if (value === null) return false;
  if (typeof value === 'string' || Array.isArray(value)) return value.length > 0;
  if (value instanceof ScriptDict) return value.size > 0;
  return value instanceof Tuple ? value.items.length > 0 : true;
}
