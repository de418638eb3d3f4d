import { errors } from '../errors.ts';
import { isInt64Text, parseInt64 } from '../protocol/integer-text.ts';
import { latin1 } from '../protocol/latin1.ts';
import type { Arguments } from '../protocol/request-reader.ts';

/** Whether the bytes are a 64-bit integer in the one form that Redis writes it. */
export function isInt64(bytes: Uint8Array): boolean {
  return bytes.length <= 20 && isInt64Text(latin1(bytes));
}

/** @throws ServerError `value is not an integer or out of range`. */
export function requireInt64(args: Arguments, index: number): bigint {
  const value = parseInt64(args[index]?.toString('latin1') ?? '');
  if (value === undefined) throw errors.notAnInteger();
  return value;
}

/** The largest integer of 64 bits. */
const LARGEST = 2n ** 63n - 1n;

/**
 * A count whose sign means something, as in SRANDMEMBER.
 * @throws ServerError when it is no integer, or the one whose opposite has no 64 bits.
 */
export function requireSignedCount(args: Arguments, index: number): number {
  const count = requireInt64(args, index);
  if (count < -LARGEST) throw errors.outsideRange(-LARGEST, LARGEST);
  return Number(count);
}
