const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INTEGER = /^(0|-?[1-9]\d{0,18})$/;

/** Whether the text is an integer as Redis writes and reads one: no plus, no leading zeros, no spaces, up to 19 digits. */
export function isIntegerText(text: string): boolean {
  return INTEGER.test(text);
}

/** The 64-bit integer that the text is; undefined where it is none. */
export function parseInt64(text: string): bigint | undefined {
  if (!isIntegerText(text)) return undefined;
  const value = BigInt(text);
  return fitsInt64(value) ? value : undefined;
}

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** Whether the text is a 64-bit integer in the one form that Redis writes it. Fewer than 19 characters always fit. */
export function isInt64Text(text: string): boolean {
  return isIntegerText(text) && (text.length < 19 || fitsInt64(BigInt(text)));
}
