import type { Arguments } from '../protocol/request-reader.ts';

const NUMBER =
  /^([+-]?)(?:(inf(?:inity)?)|0x([0-9a-f]*)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?|((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))$/i;

/**
 * Text as C's strtod reads it: decimal, hexadecimal (`0x1.8p3`), `inf` or `infinity`, nothing behind it.
 * @returns undefined for anything else, `nan` too.
 */
export function parseDouble(text: string): number | undefined {
  const found = NUMBER.exec(text);
  if (found === null) return undefined;
  const [, sign, infinity, whole, fraction = '', exponent = '0', decimal] = found;
  let value: number;
  if (infinity !== undefined) value = Number.POSITIVE_INFINITY;
  else if (decimal !== undefined) value = Number(decimal);
  else if (`${whole}${fraction}` === '') return undefined;
  else value = Number(`0x${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -value : value;
}

/**
 * The argument as Redis takes a double for a value: what is too large or too small for one is none.
 * @returns undefined where it is none.
 */
export function doubleAt(args: Arguments, index: number): number | undefined {
  const text = args[index]?.toString('latin1') ?? '';
  const value = parseDouble(text);
  if (value === undefined) return undefined;
  const overflowed = !Number.isFinite(value) && !/inf/i.test(text);
  const underflowed = value === 0 && /[1-9a-f]/i.test(text.replace(/^[+-]?0x|[ep].*$/gi, ''));
  return overflowed || underflowed ? undefined : value;
}
