import { type DataType, FLOATS, isFloat, isUnsigned, NUMBERS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';

/** Without a kernel of ONNX Runtime for double. */
const SINGLE: readonly DataType[] = ['float', 'float16'];
const SIGNED: readonly DataType[] = [...FLOATS, 'int8', 'int16', 'int32', 'int64'];
/** Where Selu bends: Klambauer et al., Self-Normalizing Neural Networks. */
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

const unary = (onnx: string, dtypes = FLOATS): OpDefinition => ({
  dtypes,
  lower: (op) => op.emit(onnx, [op.input(0)]),
});

const formula = (of: (op: OpContext, x: Value) => Value, dtypes = FLOATS): OpDefinition => ({
  dtypes,
  lower: (op) => of(op, op.input(0)),
});

const expm1 = (op: OpContext, x: Value) => op.formula(x.dtype).expm1(x);
const log1p = (op: OpContext, x: Value) => op.formula(x.dtype).log1p(x);

/** log(1 + e^x) without overflow. */
function softplus(op: OpContext, x: Value): Value {
  const decay = op.emit('Exp', [op.emit('Neg', [op.emit('Abs', [x])])]);
  return op.emit('Add', [op.emit('Max', [x, op.scalar(x.dtype, 0)]), log1p(op, decay)]);
}

/** x where it is positive, else scaled e^x - 1. */
function elu(op: OpContext, x: Value, alpha: number, scale: number): Value {
  const positive = op.emit('Greater', [x, op.scalar(x.dtype, 0)]);
  const scaled = (value: Value, by: number) =>
    by === 1 ? value : op.emit('Mul', [value, op.scalar(x.dtype, by)]);
  // Only what is not positive goes into the exponential, which would overflow.
  const low = op.emit('Min', [x, op.scalar(x.dtype, 0)]);
  return op.emit('Where', [positive, scaled(x, scale), scaled(expm1(op, low), alpha * scale)]);
}

/**
 * 1 - erf(x) without cancellation where it is small: the Chebyshev fit of Press et al., Numerical Recipes (section 6.2, erfcc), whose relative
 * error is below 1.2e-7 everywhere. In double, as the exponent is large where the result is small. Highest power first.
 */
const ERFC = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
  1.00002368, -1.26551223,
];

function erfc(op: OpContext, given: Value): Value {
  const m = op.formula('double');
  const x = op.cast(given, 'double');
  const t = m.div(1, m.add(m.mul(m.abs(x), 0.5), 1));
  const tail = m.mul(t, m.exp(m.sub(m.polynomial(t, ERFC), m.mul(x, x))));
  return op.cast(m.where(m.less(x, 0), m.sub(2, tail), tail), given.dtype);
}

const half = (op: OpContext, value: Value) => op.emit('Mul', [value, op.scalar(value.dtype, 0.5)]);
const exps = (op: OpContext, x: Value) => [op.emit('Exp', [x]), op.emit('Exp', [op.emit('Neg', [x])])];

export const elementwise = defineOps('Functions of one number', {
  Neg: unary('Neg', SIGNED),
  Abs: unary('Abs', NUMBERS),
  Sign: formula((op, x) => {
    const sign = op.emit('Sign', [x]);
    return isFloat(x.dtype) ? op.emit('Where', [op.emit('IsNaN', [x]), x, sign]) : sign;
  }, NUMBERS),
  Floor: unary('Floor'),
  Ceil: unary('Ceil'),
  ...alike(
    ['Round', 'Rint'],
    formula((op, x) => (isFloat(x.dtype) ? op.emit('Round', [x]) : x), NUMBERS),
  ),
  Sqrt: unary('Sqrt'),
  Rsqrt: formula((op, x) => op.emit('Reciprocal', [op.emit('Sqrt', [x])])),
  Square: formula((op, x) => op.emit('Mul', [x, x]), NUMBERS),
  ...alike(['Reciprocal', 'Inv'], unary('Reciprocal')),
  Exp: unary('Exp'),
  Expm1: formula(expm1),
  Log: unary('Log'),
  Log1p: formula(log1p),
  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Tan: formula((op, x) =>
    x.dtype === 'double' ? op.emit('Div', [op.emit('Sin', [x]), op.emit('Cos', [x])]) : op.emit('Tan', [x]),
  ),
  Asin: unary('Asin', SINGLE),
  Acos: unary('Acos', SINGLE),
  Atan: unary('Atan', SINGLE),
  Sinh: formula((op, x) => {
    const [up, down] = exps(op, x) as [Value, Value];
    return x.dtype === 'double' ? half(op, op.emit('Sub', [up, down])) : op.emit('Sinh', [x]);
  }),
  Cosh: formula((op, x) => {
    const [up, down] = exps(op, x) as [Value, Value];
    return x.dtype === 'double' ? half(op, op.emit('Add', [up, down])) : op.emit('Cosh', [x]);
  }),
  Asinh: unary('Asinh', SINGLE),
  Acosh: unary('Acosh', SINGLE),
  Atanh: unary('Atanh', SINGLE),
  Erf: unary('Erf', SINGLE),
  Erfc: formula(erfc, SINGLE),
  Sigmoid: unary('Sigmoid'),
  Tanh: unary('Tanh'),
  Relu: formula((op, x) => {
    if (isUnsigned(x.dtype)) return x;
    return isFloat(x.dtype) ? op.emit('Relu', [x]) : op.emit('Max', [x, op.scalar(x.dtype, 0)]);
  }, NUMBERS),
  Relu6: formula((op, x) => op.emit('Clip', [x, op.scalar(x.dtype, 0), op.scalar(x.dtype, 6)]), NUMBERS),
  LeakyRelu: formula((op, x) => {
    const alpha = op.attributes.float('alpha', 0.2);
    if (x.dtype !== 'double') return op.emit('LeakyRelu', [x], { alpha: { float: alpha } });
    const positive = op.emit('Greater', [x, op.scalar(x.dtype, 0)]);
    return op.emit('Where', [positive, x, op.emit('Mul', [x, op.scalar(x.dtype, alpha)])]);
  }),
  Elu: formula((op, x) => (x.dtype === 'double' ? elu(op, x, 1, 1) : op.emit('Elu', [x]))),
  Selu: formula((op, x) =>
    x.dtype === 'double' ? elu(op, x, SELU_ALPHA, SELU_SCALE) : op.emit('Selu', [x]),
  ),
  Softplus: formula((op, x) => (x.dtype === 'double' ? softplus(op, x) : op.emit('Softplus', [x]))),
  Softsign: formula((op, x) =>
    op.emit('Div', [x, op.emit('Add', [op.emit('Abs', [x]), op.scalar(x.dtype, 1)])]),
  ),
  IsNan: unary('IsNaN'),
  IsInf: unary('IsInf'),
  IsFinite: formula((op, x) =>
    op.emit('Not', [op.emit('Or', [op.emit('IsNaN', [x]), op.emit('IsInf', [x])])]),
  ),
  ClipByValue: {
    dtypes: NUMBERS,
    lower(op) {
      const [x, low, high] = [op.input(0), op.input(1), op.input(2)];
      return op.emit('Min', [op.emit('Max', [x, low]), high]);
    },
  },
});
