import { Formula } from '../../onnx-graph/formula.ts';
import { INVERSE_ERF_END, INVERSE_ERF_MIDDLE } from '../../onnx-graph/inverse-error-function.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

type OfOne = (m: Formula, x: Value) => Value;

/** All of these are computed in double: they cancel, or have large exponents where the result is small. */
function inDouble(op: OpCall, x: Value, of: OfOne): Value {
  return op.cast(of(new Formula(op, 'double'), op.cast(x, 'double')), x.dtype);
}

const special =
  (of: OfOne): Lower =>
  (op) =>
    inDouble(op, op.floating(), of);

const times = (count: number) => Array.from({ length: count }, (_, k) => k);
/** The coefficients of a power series by the ratios of each to the one before; highest power first. */
function seriesOf(count: number, ratio: (k: number) => number): number[] {
  let coefficient = 1;
  return times(count)
    .map((k) => {
      coefficient *= k === 0 ? 1 : ratio(k);
      return coefficient;
    })
    .reverse();
}

/** Up to here the series of the error function is used, from here on its continued fraction. */
const BEND = 2;
const ERF_SERIES = seriesOf(36, (k) => 1 / (2 * k + 1));
const FRACTION_DEPTH = 40;

/** Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.6 and 7.1.14, of a number that is not negative. */
function errorFunction(m: Formula, size: Value): { erf: Value; erfc: Value; isNear: Value; fraction: Value } {
  const isNear = m.less(size, BEND);
  const [near, far] = [m.of('Min', size, BEND), m.of('Max', size, BEND)];
  const square = m.mul(near, near);
  const series = m.mul(
    m.mul(near, 2 / Math.sqrt(Math.PI)),
    m.exp(m.neg(square)),
    m.polynomial(m.mul(square, 2), ERF_SERIES),
  );
  let rest = far;
  for (let k = FRACTION_DEPTH; k > 0; k--) rest = m.add(far, m.div(k / 2, rest));
  /** erfc(x) e^(x x), beyond the bend. */
  const fraction = m.div(1 / Math.sqrt(Math.PI), rest);
  const tail = m.mul(m.exp(m.neg(m.mul(far, far))), fraction);
  return {
    erf: m.where(isNear, series, m.sub(1, tail)),
    erfc: m.where(isNear, m.sub(1, series), tail),
    isNear,
    fraction,
  };
}

const erf: OfOne = (m, x) => m.mul(m.of('Sign', x), errorFunction(m, m.abs(x)).erf);
const erfc: OfOne = (m, x) => {
  const ofSize = errorFunction(m, m.abs(x)).erfc;
  return m.where(m.less(x, 0), m.sub(2, ofSize), ofSize);
};

/**
 * Of which positive number the error function is `x`.
 * @param rest 1 - x, without the cancellation.
 */
function inverse(m: Formula, x: Value, rest: Value): Value {
  const w = m.neg(m.log(m.mul(rest, m.add(x, 1))));
  const middle = m.polynomial(m.sub(w, 2.5), INVERSE_ERF_MIDDLE);
  const end = m.polynomial(m.sub(m.sqrt(w), 3), INVERSE_ERF_END);
  let y = m.mul(m.where(m.less(w, 5), middle, end), x);
  // Newton's steps, by the smaller of the function and its complement.
  for (const _ of times(2)) {
    const found = errorFunction(m, y);
    const off = m.where(m.less(x, 0.5), m.sub(found.erf, x), m.sub(rest, found.erfc));
    y = m.sub(y, m.mul(m.mul(off, Math.sqrt(Math.PI) / 2), m.exp(m.mul(y, y))));
  }
  return m.where(m.equal(rest, 0), Infinity, y);
}

const erfinv: OfOne = (m, x) => {
  const size = m.abs(x);
  const found = m.where(m.equal(x, 0), 0, m.mul(m.of('Sign', x), inverse(m, size, m.sub(1, size))));
  return m.where(m.less(1, size), Number.NaN, found);
};

/** The argument of a normal distribution as that of the error function. */
const deviation = (m: Formula, x: Value) => m.mul(x, -Math.SQRT1_2);
const logNdtr: OfOne = (m, x) => {
  const t = deviation(m, x);
  const { erfc: ofSize, isNear, fraction } = errorFunction(m, m.abs(t));
  const below = m.where(isNear, m.log(m.mul(ofSize, 0.5)), m.sub(m.log(m.mul(fraction, 0.5)), m.mul(t, t)));
  return m.where(m.less(x, 0), below, m.log1p(m.mul(ofSize, -0.5)));
};
const ndtri: OfOne = (m, p) => {
  const isLow = m.less(p, 0.5);
  const rest = m.mul(m.where(isLow, p, m.sub(1, p)), 2);
  const size = m.mul(inverse(m, m.sub(1, rest), rest), Math.SQRT2);
  return m.where(isLow, m.neg(size), size);
};

/** B2, B4.. of Bernoulli. */
const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];
/** Below, the asymptotic series are taken so much further up, and stepped back from there. */
const SHIFT = 10;

/** The distance to the nearest integer: sines of pi times x are 0 there. */
const fraction = (m: Formula, x: Value) => m.sub(x, m.of('Round', x));

/** The logarithm of the gamma function of what is at least 0.5: Stirling's series. */
function stirling(m: Formula, x: Value): Value {
  const isLow = m.less(x, SHIFT);
  const low = m.of('Min', x, SHIFT);
  const steps = m.log(m.mul(...times(SHIFT).map((k) => m.add(low, k))));
  const z = m.where(isLow, m.add(x, SHIFT), x);
  const inverted = m.div(1, z);
  const coefficients = BERNOULLI.map((b, k) => b / ((2 * k + 2) * (2 * k + 1))).reverse();
  const series = m.mul(m.polynomial(m.mul(inverted, inverted), coefficients), inverted);
  const whole = m.add(m.sub(m.mul(m.sub(z, 0.5), m.log(z)), z), Math.log(2 * Math.PI) / 2, series);
  return m.sub(whole, m.where(isLow, steps, 0));
}

const lgamma: OfOne = (m, x) => {
  const isLow = m.less(x, 0.5);
  const ofHigh = stirling(m, m.where(isLow, m.sub(1, x), x));
  const sine = m.abs(m.of('Sin', m.mul(fraction(m, x), Math.PI)));
  const reflected = m.sub(m.log(m.div(Math.PI, sine)), ofHigh);
  return m.where(m.of('IsInf', x), Infinity, m.where(isLow, reflected, ofHigh));
};

const digamma: OfOne = (m, x) => {
  const isLow = m.less(x, 0);
  const high = m.where(isLow, m.sub(1, x), x);
  const z = m.add(high, SHIFT);
  const inverted = m.div(1, z);
  const square = m.mul(inverted, inverted);
  const coefficients = BERNOULLI.map((b, k) => b / (2 * k + 2)).reverse();
  const series = m.mul(m.polynomial(square, coefficients), square);
  const above = m.sub(m.sub(m.log(z), m.mul(inverted, 0.5)), series);
  const ofHigh = m.sub(above, m.add(...times(SHIFT).map((k) => m.div(1, m.add(high, k)))));
  const angle = m.mul(fraction(m, x), Math.PI);
  const reflected = m.sub(ofHigh, m.div(m.mul(m.of('Cos', angle), Math.PI), m.of('Sin', angle)));
  return m.where(isLow, m.where(m.equal(angle, 0), Number.NaN, reflected), ofHigh);
};

/** Terms that are summed as they are; more of them than a negative argument may be below 0. */
const ZETA_TERMS = 20;

/** Hurwitz's zeta function, by Euler and Maclaurin: the sum of (q + k)^-s. NaN for q of -10 and less. */
function zeta(m: Formula, s: Value, q: Value): Value {
  const power = (x: Value, exponent: Value) => m.of('Pow', x, exponent);
  const minus = m.neg(s);
  const head = m.add(...times(ZETA_TERMS).map((k) => power(m.add(q, k), minus)));
  const z = m.add(q, ZETA_TERMS);
  const whole = m.div(power(z, m.sub(1, s)), m.sub(s, 1));
  let sum = m.add(head, whole, m.mul(power(z, minus), 0.5));
  let term = m.div(m.mul(power(z, minus), s), z);
  let factorial = 1;
  for (const [k, b] of BERNOULLI.entries()) {
    factorial *= (2 * k + 1) * (2 * k + 2);
    sum = m.add(sum, m.mul(term, b / factorial));
    const next = m.mul(m.add(s, 2 * k + 1), m.add(s, 2 * k + 2));
    term = m.div(m.mul(term, next), m.mul(z, z));
  }
  const isPole = m.of('And', m.of('LessOrEqual', q, 0), m.equal(fraction(m, q), 0));
  const known = m.where(m.less(q, 10 - ZETA_TERMS), Number.NaN, m.where(isPole, Infinity, sum));
  return m.where(m.less(s, 1), Number.NaN, m.where(m.equal(s, 1), Infinity, known));
}

const polygamma: Lower = (op) => {
  const n = op.int('n');
  if (n < 0) return op.fail('polygamma(n, x) does not support negative n.');
  if (n === 0) return inDouble(op, op.floating(), digamma);
  const factorial = times(n).reduce((product, k) => product * (k + 1), n % 2 === 1 ? 1 : -1);
  return inDouble(op, op.floating(), (m, x) => m.mul(zeta(m, m.value(n + 1), x), factorial));
};

const multigamma: Lower = (op) => {
  const p = op.int('p');
  if (!(p >= 1 && p <= 100)) op.fail(`an order of ${p} is not supported`);
  const constant = ((p * (p - 1)) / 4) * Math.log(Math.PI);
  return inDouble(op, op.floating(), (m, x) =>
    m.add(constant, ...times(p).map((j) => lgamma(m, m.sub(x, j / 2)))),
  );
};

/** Up to here the power series is used, from here on the asymptotic one. */
const BESSEL_BEND = 15;

/**
 * The modified Bessel function of the first kind: Handbook of Mathematical Functions, 9.6.10 and 9.7.1.
 * @param isScaled without the factor of e^|x|.
 */
const bessel =
  (order: 0 | 1, isScaled: boolean): OfOne =>
  (m, x) => {
    const size = m.abs(x);
    const [low, high] = [m.of('Min', size, BESSEL_BEND), m.of('Max', size, BESSEL_BEND)];
    const near = m.polynomial(
      m.mul(m.mul(low, low), 0.25),
      seriesOf(45, (k) => 1 / (k * (k + order))),
    );
    const asymptotic = m.polynomial(
      m.div(1, high),
      seriesOf(24, (k) => ((2 * k - 1) ** 2 - 4 * order ** 2) / (8 * k)),
    );
    const far = m.div(asymptotic, m.sqrt(m.mul(high, 2 * Math.PI)));
    const nearer = order === 0 ? near : m.mul(near, m.mul(low, 0.5));
    const found = isScaled
      ? m.where(m.less(size, BESSEL_BEND), m.mul(nearer, m.exp(m.neg(low))), far)
      : m.where(m.less(size, BESSEL_BEND), nearer, m.mul(far, m.exp(high)));
    return order === 0 ? found : m.mul(m.of('Sign', x), found);
  };

/** x times a function of y, but 0 where x is. */
const xTimes =
  (of: OfOne): Lower =>
  (op) => {
    const [left, right] = [op.raw('self'), op.raw('other')];
    const common = op.resultType(left, right);
    const dtype = common === 'double' || common === 'float16' ? common : 'float';
    const [x, y] = [op.operand(left, dtype), op.operand(right, dtype)];
    const m = new Formula(op, dtype);
    const known = m.where(m.equal(x, 0), 0, m.mul(x, of(m, y)));
    return m.where(m.of('IsNaN', y), Number.NaN, known);
  };

const both = (name: string, parameters: string) => [
  `${name}(${parameters})`,
  `special_${name}(${parameters})`,
];
const SELF = 'Tensor self';
const OPERANDS = 'Operand self, Operand other';

const ABOVE = 'NaN for -10 and less';

export const specialFunctions = defineOps('Special functions', {
  ...alike(both('erf', SELF), (op: OpCall) => {
    const x = op.floating();
    return x.dtype === 'double' ? inDouble(op, x, erf) : op.emit('Erf', [x]);
  }),
  ...alike(both('erfc', SELF), special(erfc)),
  ...alike(both('erfinv', SELF), special(erfinv)),
  'special_erfcx(Tensor self)': special((m, x) => {
    const { erfc: ofSize, isNear, fraction: beyond } = errorFunction(m, m.abs(x));
    const growth = m.exp(m.mul(x, x));
    const above = m.where(isNear, m.mul(ofSize, growth), beyond);
    return m.where(m.less(x, 0), m.sub(m.mul(growth, 2), above), above);
  }),
  'special_ndtr(Tensor self)': special((m, x) => m.mul(erfc(m, deviation(m, x)), 0.5)),
  'special_log_ndtr(Tensor self)': special(logNdtr),
  'special_ndtri(Tensor self)': special(ndtri),
  ...alike(['lgamma(Tensor self)', 'special_gammaln(Tensor self)'], special(lgamma)),
  ...alike(
    ['digamma(Tensor self)', 'special_digamma(Tensor self)', 'special_psi(Tensor self)'],
    special(digamma),
  ),
  ...alike(both('polygamma', 'int n, Tensor self'), { lower: polygamma, limits: ABOVE }),
  ...alike(['mvlgamma(Tensor self, int p)', 'special_multigammaln(Tensor self, int p)'], multigamma),
  'special_zeta(Operand self, Operand other)': {
    limits: ABOVE,
    lower: (op) => {
      const [s, q] = op.promoted('self', 'other') as [Value, Value];
      const dtype = s.dtype === 'double' ? 'double' : 'float';
      return inDouble(op, op.cast(q, dtype), (m, x) => zeta(m, op.cast(s, 'double'), x));
    },
  },
  ...alike(both('i0', SELF), special(bessel(0, false))),
  'special_i0e(Tensor self)': special(bessel(0, true)),
  'special_i1(Tensor self)': special(bessel(1, false)),
  'special_i1e(Tensor self)': special(bessel(1, true)),
  'special_entr(Tensor self)': special((m, x) => {
    const above = m.mul(m.neg(x), m.log(x));
    return m.where(m.equal(x, 0), 0, m.where(m.less(x, 0), -Infinity, above));
  }),
  ...alike(
    both('xlogy', OPERANDS),
    xTimes((m, y) => m.log(y)),
  ),
  'special_xlog1py(Operand self, Operand other)': xTimes((m, y) => m.log1p(y)),
});
