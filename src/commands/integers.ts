import { errors } from '../errors.ts';
import type { Arguments } from '../protocol/request-reader.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INTEGER = /^(0|-?[1-9]\d{0,18})$/;

/** The 64-bit integer that the text is, as Redis reads one: no plus, no leading zeros, no spaces. Undefined where it is none. */
export function parseInt64(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = BigInt(text);
  return fitsInt64(value) ? value : undefined;
}

export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** Whether the bytes are a 64-bit integer in the one form that Redis writes it. */
export function isInt64(bytes: Uint8Array): boolean {
  return bytes.length <= 20 && parseInt64(latin1(bytes)) !== undefined;
}

/** The bytes as a string of one character a byte. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** @throws ServerError `value is not an integer or out of range`. */
export function requireInt64(args: Arguments, index: number): bigint {
  const value = parseInt64(args[index]?.toString('latin1') ?? '');
  if (value === undefined) throw errors.notAnInteger();
  return value;
}

/**
 * A count whose sign means something, as in SRANDMEMBER.
 * @throws ServerError when it is no integer, or the one whose opposite has no 64 bits.
 */
export function requireSignedCount(args: Arguments, index: number): number {
  const count = requireInt64(args, index);
  if (count === INT64_MIN) throw errors.outsideRange(-INT64_MAX, INT64_MAX);
  return Number(count);
}
