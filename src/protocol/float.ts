/**
 * A double as C's `%.17g` prints it, which is how Redis 7.0 sends doubles (measured on a RedisAI 1.2 under Redis 7.0.15):
 * 0.1 is `0.10000000000000001`, 1e300 is `1.0000000000000001e+300`, not-a-number is `nan`, the infinities `inf` and `-inf`.
 */
export function formatDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return Object.is(value, -0) ? '-0' : String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const [mantissa, exponentText] = value.toExponential(16).split('e') as [string, string];
  const exponent = Number(exponentText);
  const tie = isTie(value, exponent);
  if (exponent < -4 || exponent >= 17) {
    const sign = exponent < 0 ? '-' : '+';
    return `${digits(mantissa, tie)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return digits(value.toFixed(Math.max(0, 16 - exponent)), tie);
}

/**
 * Whether the value lies exactly between two numbers of 17 digits, as 2^-25 does. It then has 18 digits, the last a 5: it is
 * an odd number of 10^-q with q = 17 - exponent, which a double can only be as an odd number of 2^-q.
 */
function isTie(value: number, exponent: number): boolean {
  return Math.abs((value * 2 ** (17 - exponent)) % 2) === 1;
}

/** JavaScript rounds a tie away from zero, C to the even digit. */
function digits(text: string, tie: boolean): string {
  const last = Number(text.at(-1));
  return stripZeros(tie && last % 2 === 1 ? `${text.slice(0, -1)}${last - 1}` : text);
}

/** Decimal digits without the zeros at the end of a fraction, and without a fraction that has no others. */
export function stripZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
