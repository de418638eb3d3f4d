import { isFloat } from '../../onnx-graph/data-types.ts';
import { Formula } from '../../onnx-graph/formula.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

type OfOne = (m: Formula, x: Value) => Value;

/** A function of a float by a formula in its own dtype. */
const formula =
  (of: OfOne): Lower =>
  (op) => {
    const x = op.floating();
    return of(new Formula(op, x.dtype), x);
  };

const operator =
  (name: string): Lower =>
  (op) =>
    op.emit(name, [op.floating()]);

/** ONNX Runtime's first guess in float, and a step of Newton's on tan y = x, which doubles its digits. */
const atan: OfOne = (m, x) => {
  // What is further out has the same arc tangent in double, but infinity has no product with 0.
  const near = m.of('Min', m.of('Max', x, -1e17), 1e17);
  const guess = m.cast(m.of('Atan', m.cast(near, 'float')), 'double');
  const [sin, cos] = [m.of('Sin', guess), m.of('Cos', guess)];
  return m.sub(guess, m.mul(m.sub(sin, m.mul(near, cos)), cos));
};
const asin: OfOne = (m, x) => atan(m, m.div(x, m.sqrt(m.mul(m.sub(1, x), m.add(x, 1)))));
/** Squares of larger numbers do not fit. */
const LARGE = 1e8;

/** Formulas for double of operators that ONNX Runtime has for float alone. */
const IN_DOUBLE: Readonly<Record<string, OfOne>> = {
  Tan: (m, x) => m.div(m.of('Sin', x), m.of('Cos', x)),
  Asin: asin,
  Acos: (m, x) => m.sub(Math.PI / 2, asin(m, x)),
  Atan: atan,
  Sinh(m, x) {
    const e = m.expm1(x);
    return m.mul(m.where(m.less(x, 40), m.add(e, m.div(e, m.add(e, 1))), e), 0.5);
  },
  Cosh: (m, x) => m.mul(m.add(m.exp(x), m.exp(m.neg(x))), 0.5),
  Asinh(m, x) {
    const size = m.abs(x);
    const square = m.mul(x, x);
    const near = m.log1p(m.add(size, m.div(square, m.add(m.sqrt(m.add(square, 1)), 1))));
    const far = m.add(m.log(size), Math.LN2);
    return m.mul(m.of('Sign', x), m.where(m.less(size, LARGE), near, far));
  },
  Acosh(m, x) {
    const above = m.sub(x, 1);
    const near = m.log1p(m.add(above, m.sqrt(m.mul(above, m.add(above, 2)))));
    return m.where(m.less(x, LARGE), near, m.add(m.log(x), Math.LN2));
  },
  Atanh: (m, x) => m.mul(m.log1p(m.div(m.mul(x, 2), m.sub(1, x))), 0.5),
};

const elementary = (name: string): Lower => {
  const inDouble = IN_DOUBLE[name];
  return inDouble === undefined
    ? operator(name)
    : formula((m, x) => (m.dtype === 'double' ? inDouble(m, x) : m.of(name, x)));
};

/** Functions of one float, by ONNX's operators. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  ...{ exp: 'Exp', log: 'Log', sqrt: 'Sqrt', sin: 'Sin', cos: 'Cos', tan: 'Tan', asin: 'Asin', acos: 'Acos' },
  ...{ atan: 'Atan', sinh: 'Sinh', cosh: 'Cosh', asinh: 'Asinh', acosh: 'Acosh', atanh: 'Atanh' },
  ...{ arcsin: 'Asin', arccos: 'Acos', arctan: 'Atan', arcsinh: 'Asinh', arccosh: 'Acosh', arctanh: 'Atanh' },
};
/** Functions that leave integers what they are. */
const ROUNDING: Readonly<Record<string, Lower>> = {
  floor: operator('Floor'),
  ceil: operator('Ceil'),
  round: operator('Round'),
  ...alike(['trunc', 'fix'], formula(truncated)),
};

/** Towards zero. */
export function truncated(m: Formula, x: Value): Value {
  return m.where(m.less(x, 0), m.of('Ceil', x), m.of('Floor', x));
}

const logBase = (base: number): Lower => formula((m, x) => m.mul(m.log(x), 1 / Math.log(base)));

/** Signs of zeros too, which only their reciprocals tell. */
export function isNegative(m: Formula, x: Value): Value {
  const isZeroBelow = m.of('And', m.equal(x, 0), m.less(m.of('Reciprocal', x), 0));
  return m.of('Or', m.less(x, 0), isZeroBelow);
}

function logit(op: OpCall): Value {
  const given = op.floating();
  const m = new Formula(op, given.dtype);
  const eps = op.given('eps') ? op.float('eps') : undefined;
  const x = eps === undefined ? given : m.of('Min', m.of('Max', given, eps), 1 - eps);
  return m.log(m.div(x, m.sub(1, x)));
}

/** The largest and the least number of a float dtype. */
const LARGEST: Partial<Record<Value['dtype'], number>> = {
  float: 3.4028234663852886e38,
  double: Number.MAX_VALUE,
  float16: 65504,
};

function nanToNum(op: OpCall): Value {
  const x = op.tensor('self');
  const largest = LARGEST[x.dtype];
  if (largest === undefined) return op.emit('Identity', [x]);
  const m = new Formula(op, x.dtype);
  const instead = (name: string, otherwise: number) => (op.given(name) ? op.float(name) : otherwise);
  const known = m.where(m.of('IsNaN', x), instead('nan', 0), x);
  const below = m.where(m.equal(known, Infinity), instead('posinf', largest), known);
  return m.where(m.equal(below, -Infinity), instead('neginf', -largest), below);
}

const both = (name: string) => [`${name}(Tensor self)`, `special_${name}(Tensor self)`];

export const functions = defineOps('Functions of one number', {
  ...Object.fromEntries(
    Object.entries(FUNCTIONS).map(([name, onnx]) => [`${name}(Tensor self)`, elementary(onnx)]),
  ),
  ...Object.fromEntries(
    Object.entries(ROUNDING).map(([name, lower]): [string, Lower] => [
      `${name}(Tensor self)`,
      (op) => (isFloat(op.tensor('self').dtype) ? lower(op) : op.emit('Identity', [op.tensor('self')])),
    ]),
  ),
  'round(Tensor self, *, int decimals)': roundedTo,
  'special_round(Tensor self, *, int decimals=0)': roundedTo,
  'frac(Tensor self)': formula((m, x) => m.sub(x, truncated(m, x))),
  ...alike(
    ['reciprocal(Tensor self)'],
    formula((m, x) => m.div(1, x)),
  ),
  'rsqrt(Tensor self)': formula((m, x) => m.div(1, m.sqrt(x))),
  ...alike(
    both('exp2'),
    formula((m, x) => m.of('Pow', 2, x)),
  ),
  ...alike(
    both('expm1'),
    formula((m, x) => m.expm1(x)),
  ),
  ...alike(
    both('log1p'),
    formula((m, x) => m.log1p(x)),
  ),
  'log2(Tensor self)': logBase(2),
  'log10(Tensor self)': logBase(10),
  ...alike(['logit(Tensor self, float? eps=None)', 'special_logit(Tensor self, float? eps=None)'], logit),
  ...alike(
    ['sinc(Tensor self)', 'special_sinc(Tensor self)'],
    formula((m, x) => {
      const angle = m.mul(x, Math.PI);
      return m.where(m.equal(x, 0), 1, m.div(m.of('Sin', angle), angle));
    }),
  ),
  // Of what is no complex number.
  'angle(Tensor self)': formula((m, x) => m.where(m.of('IsNaN', x), x, m.where(m.less(x, 0), Math.PI, 0))),
  'deg2rad(Tensor self)': formula((m, x) => m.mul(x, Math.PI / 180)),
  'rad2deg(Tensor self)': formula((m, x) => m.mul(x, 180 / Math.PI)),
  'nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None)': nanToNum,
});

function roundedTo(op: OpCall): Value {
  const x = op.floating();
  const m = new Formula(op, x.dtype);
  const decimals = op.int('decimals');
  const scale = 10 ** Math.abs(decimals);
  if (decimals === 0) return m.of('Round', x);
  return decimals > 0
    ? m.div(m.of('Round', m.mul(x, scale)), scale)
    : m.mul(m.of('Round', m.div(x, scale)), scale);
}
