import { latin1 } from '../../../protocol/latin1.ts';
import { exponentialText, fixedText } from '../c-rounding.ts';
import { MAX_STRING_BYTES } from '../dialect.ts';
import { auxiliary, type LuaState } from '../fengari.ts';
import { argumentCount, badArgument, checkBytes, checkInteger, checkNumber, raise } from '../library.ts';
import { exponentSuffix, formatGeneral, formatSpecial } from '../number-text.ts';
import { bytesOf, push } from '../values.ts';
import { concatenate } from './text.ts';

interface Directive {
  readonly left: boolean;
  readonly zero: boolean;
  readonly alternate: boolean;
  /** '+', ' ' or ''. */
  readonly sign: string;
  readonly width: number;
  readonly precision: number | undefined;
}

const DIRECTIVE = /([-+ #0]*)(\d*)(?:(\.)(\d*))?/y;
/** Longest string that is padded; longer ones are taken as they are. */
const PADDED_BYTES = 100;

/** Lua 5.1's `string.format`. */
export function format(L: LuaState): number {
  const text = latin1(checkBytes(L, 1));
  const count = argumentCount(L);
  const pieces: Uint8Array[] = [];
  let argument = 1;
  let plain = 0;
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', plain)) {
    if (at > plain) pieces.push(bytesOf(text.slice(plain, at)));
    if (text[at + 1] === '%') {
      pieces.push(bytesOf('%'));
      plain = at + 2;
      continue;
    }
    if (++argument > count) badArgument(L, argument, 'no value');
    const end = directiveEnd(L, text, at + 1);
    pieces.push(convert(L, argument, text[end], directiveAt(text, at + 1)));
    plain = end + 1;
  }
  if (plain < text.length) pieces.push(bytesOf(text.slice(plain)));
  push(L, concatenate(L, pieces));
  return 1;
}

function directiveEnd(L: LuaState, text: string, from: number): number {
  DIRECTIVE.lastIndex = from;
  const [whole = '', flags = '', width = '', , precision = ''] = DIRECTIVE.exec(text) ?? [];
  if (flags.length >= 6) raise(L, 'invalid format (repeated flags)');
  if (width.length > 2 || precision.length > 2) raise(L, 'invalid format (width or precision too long)');
  return from + whole.length;
}

function directiveAt(text: string, from: number): Directive {
  DIRECTIVE.lastIndex = from;
  const [, flags = '', width = '', dot, precision = ''] = DIRECTIVE.exec(text) ?? [];
  return {
    left: flags.includes('-'),
    zero: flags.includes('0'),
    alternate: flags.includes('#'),
    sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
    width: Number(width),
    precision: dot === undefined ? undefined : Number(precision),
  };
}

function convert(
  L: LuaState,
  argument: number,
  conversion: string | undefined,
  directive: Directive,
): Uint8Array {
  switch (conversion) {
    case 'c':
      return bytesOf(
        padded(String.fromCharCode(checkInteger(L, argument) & 0xff), { ...directive, zero: false }),
      );
    case 'd':
    case 'i':
      return bytesOf(decimal(checkNumber(L, argument), directive));
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return bytesOf(unsigned(checkNumber(L, argument), conversion, directive));
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return bytesOf(real(checkNumber(L, argument), conversion, directive));
    case 'q':
      return quoted(checkBytes(L, argument));
    case 's': {
      const bytes = checkBytes(L, argument);
      if (directive.precision === undefined && bytes.length >= PADDED_BYTES) return bytes;
      return bytesOf(padded(latin1(bytes).slice(0, directive.precision), { ...directive, zero: false }));
    }
    default:
      return raise(L, `invalid option '%${conversion ?? ''}' to 'format'`);
  }
}

/** As C casts a double to a long: the fraction cut off, and the smallest for what does not fit. */
function toLong(value: number): bigint {
  if (!(Math.abs(value) < 2 ** 63)) return -(2n ** 63n);
  return BigInt(Math.trunc(value));
}

function decimal(value: number, directive: Directive): string {
  const whole = toLong(value);
  const digits = (whole < 0n ? -whole : whole).toString();
  return padded(digits, integral(directive), whole < 0n ? '-' : directive.sign, directive.precision);
}

function unsigned(value: number, conversion: string, directive: Directive): string {
  const whole = BigInt.asUintN(64, value >= 2 ** 63 && value < 2 ** 64 ? BigInt(value) : toLong(value));
  const radix = conversion === 'o' ? 8 : conversion === 'u' ? 10 : 16;
  let digits = whole.toString(radix);
  if (conversion === 'X') digits = digits.toUpperCase();
  let prefix = '';
  if (directive.alternate && whole !== 0n) {
    if (conversion === 'o') digits = `0${digits}`;
    else if (radix === 16) prefix = `0${conversion}`;
  }
  return padded(digits, integral(directive), prefix, directive.precision);
}

/** With a precision, zeros do not fill the width. */
function integral(directive: Directive): Directive {
  return { ...directive, zero: directive.zero && directive.precision === undefined };
}

function real(value: number, conversion: string, directive: Directive): string {
  const special = formatSpecial(value);
  const magnitude = Math.abs(value);
  const precision = directive.precision ?? 6;
  const negative = special === undefined ? value < 0 || Object.is(value, -0) : special.startsWith('-');
  let text: string;
  if (special !== undefined) text = special.replace('-', '');
  else if (conversion === 'f') text = fixed(magnitude, precision);
  else if (conversion === 'g' || conversion === 'G')
    text = formatGeneral(magnitude, precision, directive.alternate);
  else {
    const [mantissa, exponent] = exponentialText(magnitude, precision).split('e') as [string, string];
    text = mantissa + exponentSuffix(Number(exponent));
  }
  if (conversion === 'E' || conversion === 'G') text = text.toUpperCase();
  const zero = directive.zero && special === undefined;
  return padded(text, { ...directive, zero }, negative ? '-' : directive.sign);
}

/** As fixedText, for large numbers too. */
function fixed(value: number, precision: number): string {
  if (value < 1e21) return fixedText(value, precision);
  const whole = BigInt(value).toString();
  return precision === 0 ? whole : `${whole}.${'0'.repeat(precision)}`;
}

function padded(text: string, { left, zero, width }: Directive, prefix = '', leastDigits = 0): string {
  const digits = text.padStart(leastDigits, '0');
  const length = prefix.length + digits.length;
  if (length >= width) return prefix + digits;
  if (left) return (prefix + digits).padEnd(width);
  return zero ? prefix + digits.padStart(width - prefix.length, '0') : (prefix + digits).padStart(width);
}

/** A string as Lua source, as `%q` of 5.1 gives it. */
function quoted(bytes: Uint8Array): Uint8Array {
  const text = latin1(bytes).replace(/["\\\n\r\0]/g, (c) =>
    c === '\r' ? '\\r' : c === '\0' ? '\\000' : `\\${c}`,
  );
  return bytesOf(`"${text}"`);
}

/** `string.rep`, which takes no separator in 5.1. */
export function repeat(L: LuaState): number {
  const bytes = checkBytes(L, 1);
  const times = Math.max(0, auxiliary.luaL_checkinteger(L, 2));
  if (bytes.length * times > MAX_STRING_BYTES) raise(L, 'string length overflow');
  const result = new Uint8Array(bytes.length * times);
  if (bytes.length === 1) result.fill(bytes[0] as number);
  else for (let i = 0; i < times; i++) result.set(bytes, i * bytes.length);
  push(L, result);
  return 1;
}
