import { errors, type ServerError } from '../errors.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { ownBytes } from '../tensors/shared-bytes.ts';

/** The argument's bytes as a key: one character a byte. */
export function keyAt(args: Arguments, index: number): KeyName {
  return (args[index] as Buffer).toString('latin1');
}

/** The bytes that a string of one character a byte stands for. */
export function bytesOf(name: string): Uint8Array {
  return Buffer.from(name, 'latin1');
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

const INTEGER = /^(0|-?[1-9]\d{0,18})$/;

/** The argument as Redis reads an integer (no plus, no leading zeros), within what a double holds exactly; undefined where it is none. */
export function integerAt(args: Arguments, index: number): number | undefined {
  const text = args[index]?.toString('latin1') ?? '';
  if (!INTEGER.test(text)) return undefined;
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

const INT64_MAX = 2n ** 63n - 1n;

/** The argument as any 64-bit integer, as positions and counts may be; rounded where a double cannot hold it. */
export function longAt(args: Arguments, index: number): number | undefined {
  const text = args[index]?.toString('latin1') ?? '';
  if (!INTEGER.test(text)) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(text);
  return exact > INT64_MAX || exact < -INT64_MAX - 1n ? undefined : value;
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
