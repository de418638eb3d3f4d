/**
 * Arithmetic of INCRBYFLOAT. Redis computes with the 80-bit numbers of x86 and prints 17 decimals, where a double would turn 10.5 + 0.1
 * into 10.59999999999999964. A value here is mantissa * 2^exponent, the mantissa of at most 64 bits with its sign, or an infinity.
 */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly infinite?: 1 | -1;
}

const MANTISSA_BITS = 64;
/** Exponents of the last bit, of the largest and the smallest number. */
const MAX_EXPONENT = 16384 - MANTISSA_BITS;
const MIN_EXPONENT = -16445;
/** Powers of ten outside of these are infinite or zero; looked at before computing with them. */
const MAX_POWER_OF_TEN = 4933;
const MIN_POWER_OF_TEN = -4952;
const DECIMALS = 17n;
/** Redis copies the text into a buffer of that size before it reads it (MAX_LONG_DOUBLE_CHARS). */
const MAX_TEXT = 5 * 1024;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;

/** Reads what C's strtold takes, but for NaN, numbers too large and those too small to be told from zero. */
export function parseLongDouble(text: string): LongDouble | undefined {
  if (text.length >= MAX_TEXT) return undefined;
  const infinity = INFINITY.exec(text);
  if (infinity !== null) return { mantissa: 0n, exponent: 0, infinite: infinity[1] === '-' ? -1 : 1 };
  const found = HEXADECIMAL.exec(text) ?? DECIMAL.exec(text);
  if (found === null) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = found;
  const digits = whole + fraction;
  if (digits === '') return undefined;
  const isHexadecimal = /x/i.test(text);
  const magnitude = BigInt(isHexadecimal ? `0x${digits}` : digits);
  if (magnitude === 0n) return { mantissa: 0n, exponent: 0 };
  const signed = sign === '-' ? -magnitude : magnitude;
  const value = isHexadecimal
    ? fromPowerOfTwo(signed, Number(power) - 4 * fraction.length)
    : fromPowerOfTen(signed, Number(power) - fraction.length);
  return value?.infinite !== undefined || value?.mantissa === 0n ? undefined : value;
}

/** The sum, rounded to 64 bits; undefined for infinity minus infinity. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (a.infinite !== undefined && b.infinite !== undefined && a.infinite !== b.infinite) return undefined;
  if (a.infinite !== undefined) return a;
  if (b.infinite !== undefined) return b;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  return rounded(sum, 1n, exponent);
}

/** The nearest double, or almost: it is rounded a second time. */
export function toNumber({ mantissa, exponent, infinite }: LongDouble): number {
  return infinite === undefined ? Number(mantissa) * 2 ** exponent : infinite * Number.POSITIVE_INFINITY;
}

/** As Redis prints it: 17 decimals without the zeros at the end, never an exponent. */
export function formatLongDouble({ mantissa, exponent }: LongDouble): string {
  const scaled = divided(
    mantissa * 10n ** DECIMALS * (exponent > 0 ? 2n ** BigInt(exponent) : 1n),
    exponent < 0 ? 2n ** BigInt(-exponent) : 1n,
  );
  const digits = String(scaled < 0n ? -scaled : scaled).padStart(Number(DECIMALS) + 1, '0');
  const whole = digits.slice(0, -Number(DECIMALS));
  const fraction = digits.slice(-Number(DECIMALS)).replace(/0+$/, '');
  return `${scaled < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

function fromPowerOfTen(value: bigint, power: number): LongDouble | undefined {
  const leading = power + bareDigits(value);
  if (leading > MAX_POWER_OF_TEN || leading < MIN_POWER_OF_TEN) return undefined;
  return power >= 0 ? rounded(value * 10n ** BigInt(power), 1n, 0) : rounded(value, 10n ** BigInt(-power), 0);
}

function fromPowerOfTwo(value: bigint, power: number): LongDouble | undefined {
  if (!Number.isSafeInteger(power)) return undefined;
  return rounded(value, 1n, power);
}

function bareDigits(value: bigint): number {
  return String(value < 0n ? -value : value).length;
}

function bitLength(magnitude: bigint): number {
  return magnitude.toString(2).length;
}

/** numerator / denominator * 2^exponent, rounded to the nearest value, ties to the even one. */
function rounded(numerator: bigint, denominator: bigint, exponent: number): LongDouble {
  if (numerator === 0n) return { mantissa: 0n, exponent: 0 };
  const magnitude = numerator < 0n ? -numerator : numerator;
  // One bit more than the quotient can lack, then as many as are too many are dropped.
  let drop = bitLength(magnitude) - bitLength(denominator) - MANTISSA_BITS;
  for (;;) {
    drop = Math.max(drop, MIN_EXPONENT - exponent);
    // Far below the smallest number: nothing is left, and the shift would be as large as the client likes.
    if (drop > bitLength(magnitude) + 1) return { mantissa: 0n, exponent: 0 };
    const mantissa =
      drop >= 0
        ? divided(magnitude, denominator << BigInt(drop))
        : divided(magnitude << BigInt(-drop), denominator);
    if (mantissa < 1n << BigInt(MANTISSA_BITS)) {
      if (exponent + drop > MAX_EXPONENT) break;
      return { mantissa: numerator < 0n ? -mantissa : mantissa, exponent: exponent + drop };
    }
    drop++;
  }
  return { mantissa: 0n, exponent: 0, infinite: numerator < 0n ? -1 : 1 };
}

/** The quotient, rounded to the nearest integer, ties to the even one. */
function divided(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n;
  const magnitude = negative ? -numerator : numerator;
  let quotient = magnitude / denominator;
  const twice = (magnitude % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) quotient++;
  return negative ? -quotient : quotient;
}
