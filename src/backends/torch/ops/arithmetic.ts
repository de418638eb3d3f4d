import { isFloat, isUnsigned } from '../../onnx-graph/data-types.ts';
import { Formula } from '../../onnx-graph/formula.ts';
import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import { isNumber, numberOf } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { unless } from './checks.ts';
import { isNegative, truncated } from './functions.ts';

/** @param ofBools the operator on bools, which ONNX does not count with. */
const binary =
  (operator: string, ofBools = operator): Lower =>
  (op) => {
    const operands = op.promoted('self', 'other');
    return op.emit(operands[0]?.dtype === 'bool' ? ofBools : operator, operands);
  };

/** `other` times alpha. */
function scaled(op: OpCall, name: string, dtype: Value['dtype']): Value {
  const other = op.operand(op.raw(name), dtype);
  const alpha = op.raw('alpha');
  if (isNumber(alpha) && numberOf(alpha) === 1) return other;
  return op.emit('Mul', [other, op.scalarOf(alpha, dtype)]);
}

const sum =
  (operator: 'Add' | 'Sub'): Lower =>
  (op) => {
    const dtype = op.resultType(op.raw('self'), op.raw('other'));
    if (dtype === 'bool') {
      if (operator === 'Sub')
        return op.fail('bools have no difference: logical_xor() is meant, or bitwise_xor()');
      return op.emit('Or', op.promoted('self', 'other'));
    }
    return op.emit(operator, [op.operand(op.raw('self'), dtype), scaled(op, 'other', dtype)]);
  };

/** A divisor that ONNX Runtime survives: it ends the process for integers over 0, and for the lowest one over -1. */
function safeDivisor(op: OpCall, divisor: Value): Value {
  const known = numbersOf(divisor);
  if (known?.includes(0)) return op.fail(BY_ZERO);
  const isSigned = !isUnsigned(divisor.dtype);
  if (known?.every((x) => x !== -1 || !isSigned)) return divisor;
  const is = (x: number) => op.emit('Equal', [divisor, op.constant(divisor.dtype, x)]);
  const isZero = is(0);
  const one = unless(op, isZero, BY_ZERO, op.tracer.fill(divisor.dtype, [1], [1]));
  return op.emit('Where', [isSigned ? op.emit('Or', [isZero, is(-1)]) : isZero, one, divisor]);
}

/** As libtorch says it. */
const BY_ZERO = 'ZeroDivisionError';

/** An integer quotient rounded towards zero. */
function quotient(op: OpCall, x: Value, y: Value): Value {
  const safe = safeDivisor(op, y);
  const divided = op.emit('Div', [x, safe]);
  if (safe === y || isUnsigned(y.dtype)) return divided;
  return op.emit('Where', [op.emit('Equal', [y, op.constant(y.dtype, -1)]), negated(op, x), divided]);
}

function floorDivide(op: OpCall, x: Value, y: Value): Value {
  if (isFloat(x.dtype)) return floorDivideFloats(new Formula(op, x.dtype), x, y, floatRest(op, x, y));
  const divided = quotient(op, x, y);
  if (isUnsigned(x.dtype)) return divided;
  const isNegative = (value: Value) => op.emit('Less', [value, op.constant(value.dtype, 0)]);
  const isExact = op.emit('Equal', [op.emit('Mul', [divided, y]), x]);
  const isBelow = op.emit('And', [op.emit('Xor', [isNegative(x), isNegative(y)]), op.emit('Not', [isExact])]);
  return op.emit('Sub', [divided, op.cast(isBelow, x.dtype)]);
}

/** What x / y leaves, with the sign of x. */
function floatRest(op: OpCall, x: Value, y: Value): Value {
  return op.emit('Mod', [x, y], { fmod: 1 });
}

/** As torch rounds down: from the rest, which is exact, while the quotient may have been rounded up. */
function floorDivideFloats(m: Formula, x: Value, y: Value, rest: Value): Value {
  const hasRest = m.of('Not', m.equal(rest, 0));
  const isBelow = m.of('And', hasRest, m.of('Xor', m.less(y, 0), m.less(rest, 0)));
  const whole = m.sub(m.div(m.sub(x, rest), y), m.cast(isBelow, m.dtype));
  return m.where(m.equal(y, 0), m.div(x, y), m.of('Round', whole));
}

const divide: Lower = (op) => {
  const [x, y] = op.promoted('self', 'other') as [Value, Value];
  const mode = op.raw('rounding_mode');
  if (mode === 'floor') return floorDivide(op, x, y);
  if (mode === 'trunc') {
    if (!isFloat(x.dtype)) return quotient(op, x, y);
    const m = new Formula(op, x.dtype);
    return truncated(m, m.div(x, y));
  }
  if (mode !== null)
    return op.fail(`expected rounding_mode to be one of None, 'trunc', or 'floor' but found '${mode}'`);
  if (isFloat(x.dtype)) return op.emit('Div', [x, y]);
  return op.emit('Div', [op.cast(x, 'float'), op.cast(y, 'float')]);
};

/** With the sign of the divisor. */
const remainder: Lower = (op) => {
  const [x, y] = op.promoted('self', 'other') as [Value, Value];
  if (!isFloat(x.dtype)) return op.emit('Mod', [x, safeDivisor(op, y)]);
  const m = new Formula(op, x.dtype);
  const rest = floatRest(op, x, y);
  const isOther = m.of('And', m.of('Not', m.equal(rest, 0)), m.of('Xor', m.less(y, 0), m.less(rest, 0)));
  return m.where(isOther, m.add(rest, y), rest);
};

const power: Lower = (op) => {
  const [x, y] = op.promoted('self', 'exponent') as [Value, Value];
  const exponent = op.raw('exponent');
  if (isNumber(exponent) && numberOf(exponent) < 0 && !isFloat(x.dtype))
    return op.fail('Integers to negative integer powers are not allowed.');
  if (isNumber(exponent) && numberOf(exponent) === 2) return op.emit('Mul', [x, x]);
  if (isNumber(exponent) && numberOf(exponent) === 0.5) return op.emit('Sqrt', [x]);
  return op.emit('Pow', [x, y]);
};

function negated(op: OpCall, x: Value): Value {
  return isUnsigned(x.dtype) ? op.emit('Sub', [op.constant(x.dtype, 0), x]) : op.emit('Neg', [x]);
}

/** torch says 0 of what is no number. */
const sign: Lower = (op) => {
  const x = op.tensor('self');
  if (x.dtype === 'bool') return op.emit('Identity', [x]);
  const found = op.emit('Sign', [x]);
  return isFloat(x.dtype) ? op.emit('Where', [op.emit('IsNaN', [x]), op.constant(x.dtype, 0), found]) : found;
};

/** A formula on two operands, integers as floats. */
const formula =
  (of: (m: Formula, x: Value, y: Value, op: OpCall) => Value): Lower =>
  (op) => {
    const [left, right] = [op.raw('self'), op.raw('other')];
    const common = op.resultType(left, right);
    const dtype = isFloat(common) ? common : 'float';
    return of(new Formula(op, dtype), op.operand(left, dtype), op.operand(right, dtype), op);
  };

function atan2(m: Formula, y: Value, x: Value, op: OpCall): Value {
  const areInfinite = m.of('And', m.of('IsInf', x), m.of('IsInf', y));
  const [across, up] = [m.where(areInfinite, m.of('Sign', x), x), m.where(areInfinite, m.of('Sign', y), y)];
  const isLevel = m.equal(y, 0);
  // -0 is 0 here, so that what is above it is to the right of nothing.
  const ratio = m.where(isLevel, y, m.div(up, m.where(m.equal(x, 0), 0, across)));
  const isLeft = m.of('Or', m.less(x, 0), m.of('And', isLevel, isNegative(m, x)));
  const turn = m.where(isNegative(m, y), -Math.PI, Math.PI);
  const angle = op.call('atan', ratio);
  return m.add(angle, m.where(isLeft, turn, 0));
}

function hypot(m: Formula, x: Value, y: Value): Value {
  const [a, b] = [m.abs(x), m.abs(y)];
  const [long, short] = [m.of('Max', a, b), m.of('Min', a, b)];
  const ratio = m.div(short, long);
  const length = m.mul(long, m.sqrt(m.add(m.mul(ratio, ratio), 1)));
  return m.where(m.of('Or', m.equal(long, 0), m.of('IsInf', long)), long, length);
}

/** log(e^x + e^y) without overflow, or with powers of another base. */
export function logAddExpOf(m: Formula, x: Value, y: Value, base: number): Value {
  const off = m.mul(m.neg(m.abs(m.sub(x, y))), Math.log(base));
  const above = m.mul(m.log1p(m.exp(off)), 1 / Math.log(base));
  // Infinities have no difference.
  return m.where(m.equal(x, y), m.add(x, Math.LN2 / Math.log(base)), m.add(m.of('Max', x, y), above));
}

const logAddExp = (base: number) => formula((m, x, y) => logAddExpOf(m, x, y, base));

/** The steps that Euclid's algorithm takes at most: for two neighbours of Fibonacci's numbers. */
const EUCLID: Partial<Record<Value['dtype'], number>> = {
  uint8: 12,
  int8: 11,
  int16: 23,
  int32: 46,
  int64: 92,
};

function greatestDivisor(op: OpCall, x: Value, y: Value): Value {
  const steps = EUCLID[x.dtype] ?? op.fail(`${x.dtype} is not supported`);
  const zero = op.constant(x.dtype, 0);
  let [a, b] = [op.emit('Abs', [x]), op.emit('Abs', [y])];
  for (let i = 0; i < steps; i++) {
    const isDone = op.emit('Equal', [b, zero]);
    const rest = op.emit('Mod', [a, op.emit('Where', [isDone, op.constant(x.dtype, 1), b])]);
    [a, b] = [op.emit('Where', [isDone, a, b]), rest];
  }
  return a;
}

const gcd: Lower = (op) => greatestDivisor(op, ...(op.promoted('self', 'other') as [Value, Value]));

const lcm: Lower = (op) => {
  const [x, y] = op.promoted('self', 'other') as [Value, Value];
  const divisor = op.emit('Max', [greatestDivisor(op, x, y), op.constant(x.dtype, 1)]);
  return op.emit('Abs', [op.emit('Mul', [quotient(op, x, divisor), y])]);
};

/** The larger or the smaller, and the other one of what is no number. */
const ofNumbers =
  (operator: 'Max' | 'Min'): Lower =>
  (op) => {
    const [x, y] = op.promoted('self', 'other') as [Value, Value];
    const found = op.emit(operator, [x, y]);
    if (!isFloat(x.dtype)) return found;
    const m = new Formula(op, x.dtype);
    return m.where(m.of('IsNaN', x), y, m.where(m.of('IsNaN', y), x, found));
  };

const clampTo =
  (least: string | null, most: string | null): Lower =>
  (op) => {
    const bounds = [least, most].flatMap((name) => (name !== null && op.given(name) ? [op.raw(name)] : []));
    const dtype = op.resultType(op.raw('self'), ...bounds);
    let x = op.operand(op.raw('self'), dtype);
    if (least !== null && op.given(least)) x = op.emit('Max', [x, op.operand(op.raw(least), dtype)]);
    if (most !== null && op.given(most)) x = op.emit('Min', [x, op.operand(op.raw(most), dtype)]);
    return x;
  };

export const arithmetic = defineOps('Arithmetic', {
  ...alike(
    ['add(Operand self, Operand other, *, Scalar alpha=1)', 'add(Operand self, Operand other, Scalar alpha)'],
    sum('Add'),
  ),
  ...alike(
    ['sub(Operand self, Operand other, *, Scalar alpha=1)', 'sub(Operand self, Operand other, Scalar alpha)'],
    sum('Sub'),
  ),
  ...alike(['subtract(Operand self, Operand other, *, Scalar alpha=1)'], sum('Sub')),
  ...alike(['rsub(Operand self, Operand other, Scalar alpha=1)'], (op: OpCall) => {
    const dtype = op.resultType(op.raw('self'), op.raw('other'));
    return op.emit('Sub', [op.operand(op.raw('other'), dtype), scaled(op, 'self', dtype)]);
  }),
  ...alike(
    ['mul(Operand self, Operand other)', 'multiply(Operand self, Operand other)'],
    binary('Mul', 'And'),
  ),
  ...alike(
    [
      'div(Operand self, Operand other, *, str? rounding_mode=None)',
      'divide(Operand self, Operand other, *, str? rounding_mode=None)',
      'true_divide(Operand self, Operand other, *, str? rounding_mode=None)',
    ],
    divide,
  ),
  ...alike(
    ['floor_divide(Operand self, Operand other)', 'floordiv(Operand self, Operand other)'],
    (op: OpCall) => {
      const [x, y] = op.promoted('self', 'other') as [Value, Value];
      return floorDivide(op, x, y);
    },
  ),
  'remainder(Operand self, Operand other)': remainder,
  'fmod(Operand self, Operand other)': (op) => {
    const [x, y] = op.promoted('self', 'other') as [Value, Value];
    if (isFloat(x.dtype)) return floatRest(op, x, y);
    // ONNX Runtime's own goes by way of double, which does not hold all of int64.
    return op.emit('Sub', [x, op.emit('Mul', [quotient(op, x, y), y])]);
  },
  'pow(Operand self, Operand exponent)': power,
  'square(Tensor self)': (op) => op.call('pow', op.raw('self'), 2),
  ...alike(['neg(Tensor self)', 'negative(Tensor self)'], (op: OpCall) => negated(op, op.tensor('self'))),
  ...alike(['abs(Tensor self)', 'absolute(Tensor self)'], (op: OpCall) =>
    op.emit('Abs', [op.tensor('self')]),
  ),
  ...alike(['sign(Tensor self)', 'sgn(Tensor self)'], sign),
  'positive(Tensor self)': (op) => ({ value: op.raw('self') }),
  'clamp(Tensor self, Operand? min=None, Operand? max=None)': clampTo('min', 'max'),
  'clip(Tensor self, Operand? min=None, Operand? max=None)': clampTo('min', 'max'),
  'clamp_min(Tensor self, Operand min)': clampTo('min', null),
  'clamp_max(Tensor self, Operand max)': clampTo(null, 'max'),
  'maximum(Tensor self, Tensor other)': binary('Max'),
  'minimum(Tensor self, Tensor other)': binary('Min'),
  'lerp(Tensor self, Tensor end, Operand weight)': (op) =>
    op.call(
      'add',
      op.raw('self'),
      op.call('mul', op.call('sub', op.raw('end'), op.raw('self')), op.raw('weight')),
    ),
  'addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1)': (op) =>
    op.call(
      'add',
      op.raw('self'),
      op.call('mul', op.call('mul', op.raw('tensor1'), op.raw('tensor2')), op.raw('value')),
    ),
  'addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1)': (op) =>
    op.call(
      'add',
      op.raw('self'),
      op.call('mul', op.call('div', op.raw('tensor1'), op.raw('tensor2')), op.raw('value')),
    ),
  ...alike(['atan2(Operand self, Operand other)', 'arctan2(Operand self, Operand other)'], formula(atan2)),
  'hypot(Tensor self, Tensor other)': formula(hypot),
  'copysign(Tensor self, Operand other)': formula((m, x, y) =>
    m.where(isNegative(m, y), m.neg(m.abs(x)), m.abs(x)),
  ),
  'logaddexp(Tensor self, Tensor other)': logAddExp(Math.E),
  'logaddexp2(Tensor self, Tensor other)': logAddExp(2),
  'ldexp(Tensor self, Tensor other)': formula((m, x, y) => m.mul(x, m.of('Pow', 2, y))),
  'heaviside(Tensor self, Tensor values)': (op) => {
    const x = op.tensor('self');
    if (x.dtype === 'bool') return op.emit('Or', [x, op.tensor('values')]);
    const zero = op.constant(x.dtype, 0);
    const isAbove = op.cast(op.emit('Greater', [x, zero]), x.dtype);
    return op.emit('Where', [op.emit('Equal', [x, zero]), op.tensor('values'), isAbove]);
  },
  'float_power(Operand self, Operand exponent)': (op) =>
    op.emit('Pow', [op.operand(op.raw('self'), 'double'), op.operand(op.raw('exponent'), 'double')]),
  'gcd(Tensor self, Tensor other)': gcd,
  'lcm(Tensor self, Tensor other)': lcm,
  'fmax(Tensor self, Tensor other)': ofNumbers('Max'),
  'fmin(Tensor self, Tensor other)': ofNumbers('Min'),
  'dist(Tensor self, Tensor other, Scalar p=2)': (op) =>
    op.call('norm', op.call('sub', op.raw('self'), op.raw('other')), op.raw('p')),
  'renorm(Tensor self, Scalar p, int dim, Scalar maxnorm)': (op) => {
    const x = op.tensor('self');
    const axis = op.axis('dim', op.rank(x));
    const others = Array.from({ length: op.rank(x) }, (_, d) => d).filter((d) => d !== axis);
    const norm = op.call('norm', x, op.raw('p'), others, true);
    const m = new Formula(op, x.dtype);
    const most = op.scalar('maxnorm', x.dtype);
    // What torch adds against a division by 0.
    const factor = m.where(m.of('Greater', norm, most), m.div(most, m.add(norm, 1e-7)), 1);
    return m.mul(x, factor);
  },
});
