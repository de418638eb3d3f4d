import { MAX_STRING_BYTES } from '../dialect.ts';
import type { LuaState } from '../fengari.ts';
import { raise } from '../library.ts';
import { formatNumber } from '../number-text.ts';
import { bytesOf, type LuaValue } from '../values.ts';

/** The bytes of what counts as text: a string, or a number as it is printed. */
export function textOf(value: LuaValue): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  return typeof value === 'number' ? bytesOf(formatNumber(value)) : undefined;
}

/** Joins pieces. @throws a Lua error, before it takes the memory, when the result would be too long. */
export function concatenate(L: LuaState, pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  if (length > MAX_STRING_BYTES) raise(L, 'string length overflow');
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
