/**
 * What C's `printf("%.17g")` prints, worked out in whole numbers from the bits of the double, so that it shares nothing with the
 * server's own formatting.
 */
export function printf17g(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const sign = bits >> 63n === 1n ? '-' : '';
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  if (biased === 0x7ff) return fraction === 0n ? `${sign}inf` : 'nan';
  if (biased === 0 && fraction === 0n) return `${sign}0`;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const power = Math.max(biased, 1) - 1075;
  const numerator = power >= 0 ? mantissa << BigInt(power) : mantissa;
  const denominator = power >= 0 ? 1n : 1n << BigInt(-power);
  let exponent = Math.floor(Math.log10(Math.abs(value)));
  if (!atLeastPowerOfTen(numerator, denominator, exponent)) exponent--;
  else if (atLeastPowerOfTen(numerator, denominator, exponent + 1)) exponent++;
  let digits = roundedQuotient(numerator, denominator, 16 - exponent);
  if (digits === 10n ** 17n) {
    digits /= 10n;
    exponent++;
  }
  const text = String(digits);
  if (exponent < -4 || exponent >= 17) {
    const tail = `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
    return `${sign}${withoutZeros(`${text[0]}.${text.slice(1)}`)}${tail}`;
  }
  if (exponent < 0) return `${sign}${withoutZeros(`0.${'0'.repeat(-exponent - 1)}${text}`)}`;
  return `${sign}${withoutZeros(`${text.slice(0, exponent + 1)}.${text.slice(exponent + 1)}`)}`;
}

function atLeastPowerOfTen(numerator: bigint, denominator: bigint, exponent: number): boolean {
  return exponent >= 0
    ? numerator >= denominator * 10n ** BigInt(exponent)
    : numerator * 10n ** BigInt(-exponent) >= denominator;
}

/** numerator / denominator * 10^shift, to the nearest, a tie to the even one. */
function roundedQuotient(numerator: bigint, denominator: bigint, shift: number): bigint {
  const top = shift >= 0 ? numerator * 10n ** BigInt(shift) : numerator;
  const bottom = shift >= 0 ? denominator : denominator * 10n ** BigInt(-shift);
  const quotient = top / bottom;
  const twice = (top % bottom) * 2n;
  const up = twice > bottom || (twice === bottom && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

/** @param text with a decimal point. */
function withoutZeros(text: string): string {
  return text.replace(/\.?0*$/, '');
}
