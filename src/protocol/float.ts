/**
 * A double as C's `%.17g` prints it, which is how Redis 7.0 sends doubles (measured on a RedisAI 1.2 under Redis 7.0.15):
 * 0.1 is `0.10000000000000001`, 1e300 is `1.0000000000000001e+300`, not-a-number is `nan`, the infinities `inf` and `-inf`.
 */
export function formatDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return Object.is(value, -0) ? '-0' : String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const [mantissa, exponentText] = exponentialText(value, 16).split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 17) {
    const sign = exponent < 0 ? '-' : '+';
    return `${stripZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return stripZeros(fixedText(value, Math.max(0, 16 - exponent)));
}

function stripZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Digits looked at behind the last one that is wanted: more than a double that is not half-way can have zeros there. */
const TIE_DIGITS = 25;
const TIE = '5'.padEnd(TIE_DIGITS, '0');

/** `toExponential`, with halves rounded to even as C does. */
export function exponentialText(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(Math.min(100, digits + TIE_DIGITS)).split('e') as [
    string,
    string,
  ];
  return mantissa.endsWith(TIE) && isEvenBefore(mantissa)
    ? `${beforeTie(mantissa)}e${exponent}`
    : value.toExponential(digits);
}

/** `toFixed`, with halves rounded to even as C does. */
export function fixedText(value: number, digits: number): string {
  const text = value.toFixed(Math.min(100, digits + TIE_DIGITS));
  return text.endsWith(TIE) && isEvenBefore(text) ? beforeTie(text) : value.toFixed(digits);
}

function beforeTie(text: string): string {
  return text.slice(0, -TIE_DIGITS).replace(/\.$/, '');
}

function isEvenBefore(text: string): boolean {
  return Number(beforeTie(text).at(-1)) % 2 === 0;
}
