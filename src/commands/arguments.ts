import { errors, type ServerError } from '../errors.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import { fitsInt64, isIntegerText } from '../protocol/integer-text.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { ownBytes } from '../tensors/shared-bytes.ts';

/** The argument's bytes as a key: one character a byte. */
export function keyAt(args: Arguments, index: number): KeyName {
  return (args[index] as Buffer).toString('latin1');
}

/** The argument's bytes to keep: small ones in a buffer of their own on the heap, large ones where the socket put them. */
export function valueAt(args: Arguments, index: number): Uint8Array {
  const bytes = args[index] as Buffer;
  const backing: ArrayBufferLike = bytes.buffer;
  return backing instanceof SharedArrayBuffer ? ownBytes(bytes) : Uint8Array.from(bytes);
}

/** The argument as upper-case text, to be compared with keywords; '' where it is missing. */
export function keywordAt(args: Arguments, index: number): string {
  return args[index]?.toString('latin1').toUpperCase() ?? '';
}

/** The argument as text; bytes that are not UTF-8 become replacement characters. */
export function textAt(args: Arguments, index: number): string {
  return args[index]?.toString('utf8') ?? '';
}

/** The argument as Redis reads an integer (no plus, no leading zeros), within what a double holds exactly; undefined where it is none. */
export function integerAt(args: Arguments, index: number): number | undefined {
  const text = args[index]?.toString('latin1') ?? '';
  if (!isIntegerText(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** @throws ServerError `value is not an integer or out of range`. */
export function requireInteger(args: Arguments, index: number): number {
  const value = integerAt(args, index);
  if (value === undefined) throw errors.notAnInteger();
  return value;
}

/** The argument's bytes as text of one character a byte: how elements, members and fields are kept. */
export const bytesAt: (args: Arguments, index: number) => string = keyAt;

/** The arguments from `first` on as text of one character a byte. */
export function bytesFrom(args: Arguments, first: number): string[] {
  return args.slice(first).map((arg) => arg.toString('latin1'));
}

/** The argument as any 64-bit integer, as positions and counts may be; rounded where a double cannot hold it. */
export function longAt(args: Arguments, index: number): number | undefined {
  const text = args[index]?.toString('latin1') ?? '';
  if (!isIntegerText(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) || fitsInt64(BigInt(text)) ? value : undefined;
}

/** @throws ServerError `value is not an integer or out of range`. */
export function requireLong(args: Arguments, index: number): number {
  const value = longAt(args, index);
  if (value === undefined) throw errors.notAnInteger();
  return value;
}

/** The argument as an integer from `min` on. @throws ServerError the one given, where it is none. */
export function requireAtLeast(min: number, args: Arguments, index: number, otherwise: ServerError): number {
  const value = longAt(args, index);
  if (value === undefined || value < min) throw otherwise;
  return value;
}
