import { stripZeros } from '../../protocol/float.ts';
import { exponentialText, fixedText } from './c-rounding.ts';

/** What `tostring(0/0)` gives with glibc on x86-64, where Redis runs. JavaScript cannot tell the signs of NaN apart. */
const NOT_A_NUMBER = '-nan';

/** A number as C's `%.<precision>g` prints it. */
export function formatGeneral(value: number, precision: number, keepZeros = false): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const digits = Math.max(1, precision);
  const [mantissa, exponentText] = exponentialText(value, digits - 1).split('e') as [string, string];
  const exponent = Number(exponentText);
  const sign = Object.is(value, -0) ? '-' : '';
  const trim = keepZeros ? (text: string) => text : stripZeros;
  if (exponent < -4 || exponent >= digits) return sign + trim(mantissa) + exponentSuffix(exponent);
  return sign + trim(fixedText(value, digits - 1 - exponent));
}

/** `inf`, `-inf` and `-nan`, or undefined for a finite number. */
export function formatSpecial(value: number): string | undefined {
  if (Number.isFinite(value)) return undefined;
  return Number.isNaN(value) ? NOT_A_NUMBER : value > 0 ? 'inf' : '-inf';
}

/** An exponent as C prints it: a sign and at least two digits. */
export function exponentSuffix(exponent: number): string {
  return `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** What `tostring` gives: `%.14g`. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e14 && value !== 0
    ? String(value)
    : formatGeneral(value, 14);
}

const SPACE = '[ \\t\\n\\v\\f\\r]*';
const DECIMAL = new RegExp(`^${SPACE}([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)${SPACE}$`);
const HEXADECIMAL = new RegExp(
  `^${SPACE}([+-]?)0[xX]([0-9a-fA-F]*)(?:\\.([0-9a-fA-F]*))?(?:[pP]([+-]?\\d+))?${SPACE}$`,
);
const SPECIAL = new RegExp(`^${SPACE}([+-]?)(inf|infinity|nan)${SPACE}$`, 'i');

/** Reads a number as C's `strtod` does, with spaces around it; undefined where the text is none. */
export function parseNumber(text: string): number | undefined {
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) return Number(decimal[1]);
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) {
    const [, sign, whole = '', fraction = '', exponent = '0'] = hexadecimal;
    if (whole === '' && fraction === '') return undefined;
    let value = 0;
    for (const digit of whole + fraction) value = value * 16 + Number.parseInt(digit, 16);
    value *= 2 ** (Number(exponent) - 4 * fraction.length);
    return sign === '-' ? -value : value;
  }
  const special = SPECIAL.exec(text);
  if (special === null) return undefined;
  if (special[2]?.toLowerCase() === 'nan') return Number.NaN;
  return special[1] === '-' ? -Infinity : Infinity;
}
