import { randomFillSync } from 'node:crypto';
import { FormatError } from '../dump/format-error.ts';
import { liveValue } from '../dump/live-value.ts';
import { RdbReader } from '../dump/rdb-reader.ts';
import { RdbWriter } from '../dump/rdb-writer.ts';
import { decodeValue, encodeValue } from '../dump/value-codec.ts';
import type { StoredValue } from '../keyspace.ts';

/**
 * A tensor, model or script as a string in Redis:
 * ```
 *  | TSR1 | id of the write, 16 random bytes | the value, as a dump has it |
 *  |<------------- header ------------------>|
 * ```
 * Each write has an id of its own, so that a value that is known by its header is the same, whatever key it is under.
 */
const MARK = Buffer.from('TSR1');
const ID_BYTES = 16;
export const HEADER_BYTES = MARK.length + ID_BYTES;

/** The header as a text of one character a byte, which a Map can hash. */
export type Header = string;

/** @returns the value as it is to be written, and its header. */
export function encodeStored(value: StoredValue): { readonly header: Header; readonly bytes: Buffer } {
  const head = Buffer.alloc(HEADER_BYTES);
  MARK.copy(head);
  randomFillSync(head, MARK.length);
  const writer = new RdbWriter();
  encodeValue(writer, value);
  return { header: head.toString('latin1'), bytes: Buffer.concat([head, ...writer.take()]) };
}

/** Undefined where the bytes are no value of this server, but somebody's string. */
export function headerOf(bytes: Buffer): Header | undefined {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MARK.length).equals(MARK)) return undefined;
  return bytes.toString('latin1', 0, HEADER_BYTES);
}

/** @throws FormatError where what is behind the header is no value. */
export function decodeStored(bytes: Buffer): StoredValue {
  const value = liveValue(decodeValue(new RdbReader(bytes.subarray(HEADER_BYTES))));
  if (value.type !== 'tensor' && value.type !== 'model' && value.type !== 'script') {
    throw new FormatError('it holds something else');
  }
  return value;
}
