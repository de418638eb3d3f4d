import { FLOATS, isFloat, isInteger, isUnsigned, NUMBERS } from '../../onnx-graph/data-types.ts';
import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';

const binary = (onnx: string, dtypes = NUMBERS): OpDefinition => ({
  dtypes,
  lower: (op) => op.emit(onnx, [op.input(0), op.input(1)]),
});

/**
 * The value, or an error in a run where an element of `isWrong` holds, as TensorFlow answers with one: the index of the Gather is then
 * outside of its only element, and its name says why.
 */
function checked(op: OpContext, value: Value, isWrong: Value, why: string): Value {
  const flat = op.reshape(op.emit('Cast', [isWrong], { to: 7 }), [-1]);
  // A first element keeps the maximum of an empty value defined.
  const any = op.emit('ReduceMax', [op.emit('Concat', [op.ints([0]), flat], { axis: 0 }), op.ints([0])], {
    keepdims: 0,
  });
  const zero = op.scalar(value.dtype, 0);
  const check = op.emit(
    'Gather',
    [op.emit('Unsqueeze', [zero, op.ints([0])]), any],
    { axis: 0 },
    { name: `${why} in ${op.node.name}`, outputs: [{ dtype: value.dtype, shape: [] }] },
  );
  return op.emit('Add', [value, check]);
}

/** A divisor for integers without a zero in it, over which the processor would end the process. */
function checkedDivisor(op: OpContext, divisor: Value): Value {
  const known = numbersOf(divisor);
  if (known?.every((x) => x !== 0)) return divisor;
  const isZero = op.emit('Equal', [divisor, op.scalar(divisor.dtype, 0)]);
  return checked(op, divisor, isZero, 'Integer division by zero');
}

/** Integers to integer powers, by squaring: ONNX Runtime goes by way of double, which does not wrap around and is not exact. */
function integerPower(op: OpContext, x: Value, given: Value): Value {
  const zero = op.scalar(given.dtype, 0);
  const known = numbersOf(given);
  const isNegative = op.emit('Less', [given, zero]);
  const y = known?.every((power) => power >= 0)
    ? given
    : checked(op, given, isNegative, 'Integers to negative integer powers');
  const most = known === undefined ? undefined : Math.max(0, ...known);
  const bits = most === undefined ? (x.dtype === 'int32' ? 31 : 63) : Math.ceil(Math.log2(most + 1));
  let power = op.emit('Expand', [op.scalar(x.dtype, 1), op.shapeOf(op.emit('Add', [x, y]))]);
  let [square, rest] = [x, y];
  const [one, two] = [op.scalar(y.dtype, 1), op.scalar(y.dtype, 2)];
  for (let bit = 0; bit < bits; bit++) {
    const isSet = op.emit('Equal', [op.emit('BitwiseAnd', [rest, one]), one]);
    power = op.emit('Where', [isSet, op.emit('Mul', [power, square]), power]);
    square = op.emit('Mul', [square, square]);
    rest = op.emit('Div', [rest, two]);
  }
  return power;
}

/** Integer division towards zero. The lowest number over -1 ends the process too; its result wraps to itself. */
function truncatedDivision(op: OpContext, x: Value, y: Value): Value {
  if (isUnsigned(x.dtype)) return op.emit('Div', [x, y]);
  const known = numbersOf(y);
  if (known?.every((d) => d !== -1)) return op.emit('Div', [x, y]);
  const minusOne = op.emit('Equal', [y, op.scalar(y.dtype, -1)]);
  const safe = op.emit('Where', [minusOne, op.scalar(y.dtype, 1), y]);
  return op.emit('Where', [minusOne, op.emit('Sub', [op.scalar(x.dtype, 0), x]), op.emit('Div', [x, safe])]);
}

/** The remainder with the sign of the divisor (Python's %), or with `truncated` that of the dividend (C's). */
function remainder(op: OpContext, x: Value, y: Value, truncated: boolean): Value {
  if (truncated) return op.emit('Mod', [x, y], { fmod: 1 });
  if (!isFloat(x.dtype)) return op.emit('Mod', [x, y], { fmod: 0 });
  const rest = op.emit('Mod', [x, y], { fmod: 1 });
  const zero = op.scalar(x.dtype, 0);
  const negative = (value: Value) => op.emit('Less', [value, zero]);
  const otherSign = op.emit('Xor', [negative(rest), negative(y)]);
  const isZero = op.emit('Equal', [rest, zero]);
  const adjusts = op.emit('And', [otherSign, op.emit('Not', [isZero])]);
  return op.emit('Where', [adjusts, op.emit('Add', [rest, y]), rest]);
}

/** Without -1 as divisor, whose remainder is 0: the processor divides to find it. */
function integerRemainder(op: OpContext, truncated: boolean): Value {
  const [x, y] = [op.input(0), checkedDivisor(op, op.input(1))];
  if (isUnsigned(y.dtype) || numbersOf(y)?.every((d) => d !== -1)) return remainder(op, x, y, truncated);
  const minusOne = op.emit('Equal', [y, op.scalar(y.dtype, -1)]);
  return remainder(op, x, op.emit('Where', [minusOne, op.scalar(y.dtype, 1), y]), truncated);
}

const floorMod: OpDefinition = {
  dtypes: NUMBERS,
  lower: (op) =>
    isInteger(op.input(0).dtype)
      ? integerRemainder(op, false)
      : remainder(op, op.input(0), op.input(1), false),
};

const truncateMod: OpDefinition = {
  dtypes: NUMBERS,
  lower: (op) =>
    isInteger(op.input(0).dtype) ? integerRemainder(op, true) : remainder(op, op.input(0), op.input(1), true),
};

const divide: OpDefinition = {
  dtypes: NUMBERS,
  lower(op) {
    const [x, y] = [op.input(0), op.input(1)];
    return isInteger(x.dtype) ? truncatedDivision(op, x, checkedDivisor(op, y)) : op.emit('Div', [x, y]);
  },
};

const floorDiv: OpDefinition = {
  dtypes: NUMBERS,
  lower(op) {
    const [x, given] = [op.input(0), op.input(1)];
    if (!isInteger(x.dtype)) return op.emit('Floor', [op.emit('Div', [x, given])]);
    const y = checkedDivisor(op, given);
    const quotient = truncatedDivision(op, x, y);
    if (isUnsigned(x.dtype)) return quotient;
    const zero = op.scalar(x.dtype, 0);
    const rest = op.emit('Sub', [x, op.emit('Mul', [quotient, y])]);
    const inexact = op.emit('Not', [op.emit('Equal', [rest, zero])]);
    const signs = op.emit('Xor', [op.emit('Less', [x, zero]), op.emit('Less', [y, zero])]);
    const lower = op.emit('Sub', [quotient, op.scalar(x.dtype, 1)]);
    return op.emit('Where', [op.emit('And', [inexact, signs]), lower, quotient]);
  },
};

/** `of(x, y)` where `chosen` is not zero, else 0, whatever the other operand is. */
const unlessZero = (chosen: 0 | 1, of: (op: OpContext, x: Value, y: Value) => Value): OpDefinition => ({
  dtypes: FLOATS,
  lower(op) {
    const [x, y] = [op.input(0), op.input(1)];
    const zero = op.scalar(x.dtype, 0);
    return op.emit('Where', [op.emit('Equal', [chosen === 0 ? x : y, zero]), zero, of(op, x, y)]);
  },
});

/** The angle of the point (x, y); the signs of zeros say from which side it is seen, as in C. */
function angle(op: OpContext, y: Value, x: Value): Value {
  const number = (value: number) => op.scalar(x.dtype, value);
  const isZero = (value: Value) => op.emit('Equal', [value, number(0)]);
  const infinite = (value: Value) => op.emit('IsInf', [value]);
  // The sign of a zero shows in its reciprocal.
  const isNegative = (value: Value) => {
    const visible = op.emit('Where', [isZero(value), op.emit('Reciprocal', [value]), value]);
    return op.emit('Less', [visible, number(0)]);
  };
  const both = (of: (value: Value) => Value) => op.emit('And', [of(x), of(y)]);
  const size = (value: Value) => op.emit('Abs', [value]);
  const quotient = op.emit('Div', [size(y), size(x)]);
  // 0 / 0 and infinity / infinity are where the axes and the diagonals are.
  const ratio = op.emit('Where', [
    both(isZero),
    number(0),
    op.emit('Where', [both(infinite), number(1), quotient]),
  ]);
  const acute = op.emit('Atan', [ratio]);
  const turned = op.emit('Where', [isNegative(x), op.emit('Sub', [number(Math.PI), acute]), acute]);
  return op.emit('Where', [isNegative(y), op.emit('Neg', [turned]), turned]);
}

const compare = (onnx: string, dtypes = NUMBERS): OpDefinition => binary(onnx, dtypes);
const equality = [...NUMBERS, 'bool', 'string'] as const;
const bits = (onnx: string): OpDefinition => ({
  dtypes: ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'],
  lower: (op) => op.emit(onnx, op.inputs),
});

export const arithmetic = defineOps('Arithmetic, comparison and logic', {
  ...alike(['Add', 'AddV2'], binary('Add')),
  Sub: binary('Sub'),
  Mul: binary('Mul'),
  ...alike(['Div', 'TruncateDiv'], divide),
  RealDiv: binary('Div', FLOATS),
  FloorDiv: floorDiv,
  ...alike(['FloorMod'], floorMod),
  ...alike(['Mod', 'TruncateMod'], truncateMod),
  DivNoNan: unlessZero(1, (op, x, y) => op.emit('Div', [x, y])),
  MulNoNan: unlessZero(1, (op, x, y) => op.emit('Mul', [x, y])),
  Xdivy: unlessZero(0, (op, x, y) => op.emit('Div', [x, y])),
  Xlogy: unlessZero(0, (op, x, y) => op.emit('Mul', [x, op.emit('Log', [y])])),
  Atan2: {
    dtypes: ['float', 'float16'],
    limits: 'a zero comes out without its sign',
    lower: (op) => angle(op, op.input(0), op.input(1)),
  },
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: {
    dtypes: ['float', 'double', 'float16', 'int32', 'int64'],
    lower(op) {
      const [x, y] = [op.input(0), op.input(1)];
      return isInteger(x.dtype) ? integerPower(op, x, y) : op.emit('Pow', [x, y]);
    },
  },
  SquaredDifference: {
    dtypes: NUMBERS,
    lower(op) {
      const difference = op.emit('Sub', [op.input(0), op.input(1)]);
      return op.emit('Mul', [difference, difference]);
    },
  },
  AddN: {
    dtypes: NUMBERS,
    lower: (op) => op.inputs.reduce((sum, next) => op.emit('Add', [sum, next])),
  },
  AccumulateNV2: {
    dtypes: NUMBERS,
    lower: (op) => op.inputs.reduce((sum, next) => op.emit('Add', [sum, next])),
  },
  Equal: compare('Equal', equality),
  NotEqual: {
    dtypes: equality,
    lower: (op) => op.emit('Not', [op.emit('Equal', [op.input(0), op.input(1)])]),
  },
  Less: compare('Less'),
  LessEqual: compare('LessOrEqual'),
  Greater: compare('Greater'),
  GreaterEqual: compare('GreaterOrEqual'),
  ApproximateEqual: {
    dtypes: FLOATS,
    lower(op) {
      const distance = op.emit('Abs', [op.emit('Sub', [op.input(0), op.input(1)])]);
      const tolerance = op.scalar(distance.dtype, op.attributes.float('tolerance', 1e-5));
      return op.emit('Less', [distance, tolerance]);
    },
  },
  LogicalAnd: { lower: (op) => op.emit('And', op.inputs) },
  LogicalOr: { lower: (op) => op.emit('Or', op.inputs) },
  LogicalNot: { lower: (op) => op.emit('Not', op.inputs) },
  BitwiseAnd: bits('BitwiseAnd'),
  BitwiseOr: bits('BitwiseOr'),
  BitwiseXor: bits('BitwiseXor'),
  Invert: bits('BitwiseNot'),
  Select: {
    lower(op) {
      const [condition, x] = [op.input(0), op.input(1)];
      const [rank, valueRank] = [op.rank(condition), op.rank(x) ?? op.rank(op.input(2))];
      // A vector chooses whole rows.
      const choosesRows = rank === 1 && valueRank !== undefined && valueRank > 1;
      const mask = choosesRows ? op.reshape(condition, [-1, ...new Array(valueRank - 1).fill(1)]) : condition;
      return op.emit('Where', [mask, x, op.input(2)]);
    },
  },
  SelectV2: { lower: (op) => op.emit('Where', op.inputs) },
});
