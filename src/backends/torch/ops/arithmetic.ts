import { isFloat } from '../../onnx-graph/data-types.ts';
import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import { Float, isNumber, numberOf } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

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
  if (numbersOf(divisor)?.every((x) => x !== 0 && x !== -1)) return divisor;
  const is = (x: number) => op.emit('Equal', [divisor, op.constant(divisor.dtype, x)]);
  return op.emit('Where', [op.emit('Or', [is(0), is(-1)]), op.constant(divisor.dtype, 1), divisor]);
}

/** An integer quotient rounded towards zero. */
function quotient(op: OpCall, x: Value, y: Value): Value {
  const safe = safeDivisor(op, y);
  const divided = op.emit('Div', [x, safe]);
  if (safe === y) return divided;
  return op.emit('Where', [op.emit('Equal', [y, op.constant(y.dtype, -1)]), op.emit('Neg', [x]), divided]);
}

function floorDivide(op: OpCall, x: Value, y: Value): Value {
  if (isFloat(x.dtype)) return op.emit('Floor', [op.emit('Div', [x, y])]);
  const rest = op.emit('Mod', [x, safeDivisor(op, y)]);
  return quotient(op, op.emit('Sub', [x, rest]), y);
}

const divide: Lower = (op) => {
  const [x, y] = op.promoted('self', 'other') as [Value, Value];
  const mode = op.raw('rounding_mode');
  if (mode === 'floor') return floorDivide(op, x, y);
  if (mode === 'trunc') {
    if (!isFloat(x.dtype)) return quotient(op, x, y);
    const divided = op.emit('Div', [x, y]);
    const down = op.emit('Floor', [op.emit('Abs', [divided])]);
    return op.emit('Mul', [op.emit('Sign', [divided]), down]);
  }
  if (isFloat(x.dtype)) return op.emit('Div', [x, y]);
  return op.emit('Div', [op.cast(x, 'float'), op.cast(y, 'float')]);
};

const remainder: Lower = (op) => {
  const [x, y] = op.promoted('self', 'other') as [Value, Value];
  if (!isFloat(x.dtype)) return op.emit('Mod', [x, safeDivisor(op, y)]);
  return op.emit('Sub', [x, op.emit('Mul', [op.emit('Floor', [op.emit('Div', [x, y])]), y])]);
};

const power: Lower = (op) => {
  const [x, y] = op.promoted('self', 'exponent') as [Value, Value];
  const exponent = op.raw('exponent');
  if (isNumber(exponent) && numberOf(exponent) === 2) return op.emit('Mul', [x, x]);
  if (isNumber(exponent) && numberOf(exponent) === 0.5) return op.emit('Sqrt', [x]);
  return op.emit('Pow', [x, y]);
};

const unary =
  (operator: string, floats = true): Lower =>
  (op) =>
    op.emit(operator, [floats ? op.floating() : op.tensor('self')]);

/** Functions of one float, by ONNX's operators. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  ...{ exp: 'Exp', log: 'Log', sqrt: 'Sqrt', sin: 'Sin', cos: 'Cos', tan: 'Tan', asin: 'Asin', acos: 'Acos' },
  ...{ atan: 'Atan', sinh: 'Sinh', cosh: 'Cosh', asinh: 'Asinh', acosh: 'Acosh', atanh: 'Atanh', erf: 'Erf' },
  reciprocal: 'Reciprocal',
};
/** Functions that leave integers what they are. */
const ROUNDING: Readonly<Record<string, string>> = { floor: 'Floor', ceil: 'Ceil', round: 'Round' };

const logBase =
  (base: number): Lower =>
  (op) => {
    const logged = op.emit('Log', [op.floating()]);
    return op.emit('Mul', [logged, op.constant(logged.dtype, 1 / Math.log(base))]);
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
    return op.emit('Mod', [x, isFloat(x.dtype) ? y : safeDivisor(op, y)], { fmod: 1 });
  },
  'pow(Operand self, Operand exponent)': power,
  'square(Tensor self)': (op) => op.emit('Mul', [op.tensor('self'), op.tensor('self')]),
  'neg(Tensor self)': unary('Neg', false),
  'negative(Tensor self)': unary('Neg', false),
  'abs(Tensor self)': unary('Abs', false),
  'sign(Tensor self)': unary('Sign', false),
  ...Object.fromEntries(
    Object.entries(FUNCTIONS).map(([name, operator]) => [`${name}(Tensor self)`, unary(operator)]),
  ),
  ...Object.fromEntries(
    Object.entries(ROUNDING).map(([name, operator]): [string, Lower] => [
      `${name}(Tensor self)`,
      (op) => (isFloat(op.tensor('self').dtype) ? op.emit(operator, [op.tensor('self')]) : op.tensor('self')),
    ]),
  ),
  'trunc(Tensor self)': (op) => {
    const x = op.tensor('self');
    return op.emit('Mul', [op.emit('Sign', [x]), op.emit('Floor', [op.emit('Abs', [x])])]);
  },
  'rsqrt(Tensor self)': (op) => op.emit('Reciprocal', [op.emit('Sqrt', [op.floating()])]),
  'log2(Tensor self)': logBase(2),
  'log10(Tensor self)': logBase(10),
  'log1p(Tensor self)': (op) => {
    const x = op.floating();
    return op.emit('Log', [op.emit('Add', [x, op.constant(x.dtype, 1)])]);
  },
  'expm1(Tensor self)': (op) => {
    const x = op.floating();
    return op.emit('Sub', [op.emit('Exp', [x]), op.constant(x.dtype, 1)]);
  },
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
  'deg2rad(Tensor self)': (op) => op.call('mul', op.raw('self'), new Float(Math.PI / 180)),
});
