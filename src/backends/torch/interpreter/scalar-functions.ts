/** What `math` has beyond JavaScript's Math, on doubles. */

/** Python's round(), which takes halves to the even number. */
export function roundEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** C's remainder: x less the nearest multiple of y. */
export function nearestRemainder(x: number, y: number): number {
  return y === 0 ? Number.NaN : Number.isFinite(y) ? x - y * roundEven(x / y) : x;
}

export function copySign(x: number, sign: number): number {
  return sign < 0 || Object.is(sign, -0) ? -Math.abs(x) : Math.abs(x);
}

/** A mantissa from 0.5 to 1 and a power of two that make x. */
export function frexp(x: number): [mantissa: number, exponent: number] {
  if (x === 0 || !Number.isFinite(x)) return [x, 0];
  let exponent = Math.max(-1073, Math.floor(Math.log2(Math.abs(x))) + 1);
  let mantissa = x * 2 ** -exponent;
  // A logarithm may be off by one.
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2;
    exponent++;
  }
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2;
    exponent--;
  }
  return [mantissa, exponent];
}

export function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Lanczos' coefficients for g = 607/128 (Godfrey's): about 15 digits. */
const LANCZOS = [
  ...[0.9999999999999971, 57.15623566586292, -59.59796035547549, 14.136097974741746],
  ...[-0.4919138160976202, 3.399464998481189e-5, 4.652362892704858e-5, -9.837447530487956e-5],
  ...[0.0001580887032249125, -0.00021026444172410488, 0.00021743961811521265, -0.0001643181065367639],
  ...[8.441822398385275e-5, -2.6190838401581408e-5, 3.6899182659531625e-6],
];
const G = 607 / 128;

/** The logarithm of the absolute value of the gamma function. */
export function logGamma(x: number): number {
  if (Number.isInteger(x) && x <= 0) return Number.POSITIVE_INFINITY;
  if (x === 1 || x === 2) return 0;
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  const sum = LANCZOS.reduce(
    (total, coefficient, i) => total + (i === 0 ? coefficient : coefficient / (x - 1 + i)),
    0,
  );
  const t = x - 0.5 + G;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

export function gamma(x: number): number {
  if (Number.isInteger(x)) {
    if (x <= 0) return Number.NaN;
    if (x <= 171)
      return Array.from({ length: x - 1 }, (_, i) => i + 1).reduce((product, i) => product * i, 1);
  }
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  return Math.exp(logGamma(x));
}

/** The error function: its series near zero, else by the continued fraction of its complement. */
export function erf(x: number): number {
  if (Math.abs(x) >= 2.5) return x > 0 ? 1 - erfcTail(x) : erfcTail(-x) - 1;
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

export function erfc(x: number): number {
  return x >= 1 ? erfcTail(x) : 1 - erf(x);
}

/** For x of 1 and more. */
function erfcTail(x: number): number {
  if (x > 27.3) return 0;
  let fraction = 0;
  for (let n = 200; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}
