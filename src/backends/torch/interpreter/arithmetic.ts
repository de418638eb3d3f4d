import { Float, numberOf, ScriptError, type ScriptValue } from './values.ts';

/** A result as an int of 64 bits has it. Ints are doubles here: beyond 2^53 only the leading digits are right. */
function wrapped(result: number, exact: () => bigint): number {
  return Number.isSafeInteger(result) ? result : Number(BigInt.asIntN(64, exact()));
}

/** A processor shifts by the last six bits. */
function shift(by: number): bigint {
  return BigInt.asUintN(6, BigInt(by));
}

const INT: Readonly<Record<string, (x: number, y: number) => ScriptValue>> = {
  '+': (x, y) => wrapped(x + y, () => BigInt(x) + BigInt(y)),
  '-': (x, y) => wrapped(x - y, () => BigInt(x) - BigInt(y)),
  '*': (x, y) => wrapped(x * y, () => BigInt(x) * BigInt(y)),
  '/': (x, y) => new Float(x / y),
  '//': floorDivide,
  '%': (x, y) => x - y * floorDivide(x, y),
  // Two ints make a float, whatever the exponent.
  '**': (x, y) => new Float(power(x, y)),
  '&': (x, y) => Number(BigInt(x) & BigInt(y)),
  '|': (x, y) => Number(BigInt(x) | BigInt(y)),
  '^': (x, y) => Number(BigInt(x) ^ BigInt(y)),
  '<<': (x, y) => Number(BigInt.asIntN(64, BigInt(x) << shift(y))),
  '>>': (x, y) => Number(BigInt(x) >> shift(y)),
};
const FLOAT: Readonly<Record<string, (x: number, y: number) => number>> = {
  '+': (x, y) => x + y,
  '-': (x, y) => x - y,
  '*': (x, y) => x * y,
  '/': (x, y) => x / y,
  '//': (x, y) => Math.floor(x / y),
  '%': (x, y) => ((x % y) + y) % y,
  '**': power,
};

function power(x: number, y: number): number {
  if (x === 0 && y < 0) throw new ScriptError('0.0 cannot be raised to a negative power');
  return x ** y;
}

function floorDivide(x: number, y: number): number {
  if (y === 0) throw new ScriptError('ZeroDivisionError: integer division or modulo by zero');
  return Math.floor(x / y);
}

/** `left operator right` of two numbers, rounding and with types as in TorchScript: / by zero is infinite, // of ints an error. */
export function arithmetic(
  operator: string,
  left: number | boolean | Float,
  right: number | boolean | Float,
): ScriptValue {
  const [x, y] = [numberOf(left), numberOf(right)];
  if (typeof left === 'boolean' && typeof right === 'boolean' && '&|^'.includes(operator)) {
    return operator === '&' ? left && right : operator === '|' ? left || right : left !== right;
  }
  const compute = (left instanceof Float || right instanceof Float ? FLOAT : INT)[operator];
  if (compute === undefined) throw new ScriptError(`unsupported operand types for ${operator}`);
  const result = compute(x, y);
  return left instanceof Float || right instanceof Float ? new Float(result as number) : result;
}
