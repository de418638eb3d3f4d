import { errors } from '../errors.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import type { Arguments } from '../protocol/request-reader.ts';

/** The argument's bytes as a key: one character a byte. */
export function keyAt(args: Arguments, index: number): KeyName {
  return (args[index] as Buffer).toString('latin1');
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
