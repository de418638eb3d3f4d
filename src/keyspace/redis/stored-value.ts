import { randomFillSync } from 'node:crypto';
import { FormatError } from '../dump/format-error.ts';
import { liveValue } from '../dump/live-value.ts';
import { RdbReader } from '../dump/rdb-reader.ts';
import { RdbWriter } from '../dump/rdb-writer.ts';
import { decodeValue, encodeValue } from '../dump/value-codec.ts';
import type { StoredValue } from '../keyspace.ts';

/**
 * A tensor, model, script or experiment as a string in Redis:
 * ```
 *  | TST1 | id of the write, 16 random bytes | the value, as a dump has it |
 *  |<------------- header ------------------>|      TST1 for a tensor, TSM1 for a model, TSS1 for a script, TSE1 for an experiment
 * ```
 * Each write has an id of its own, so that a value that is known by its header is the same, whatever key it is under.
 */
export const MARKS = { tensor: 'TST1', model: 'TSM1', script: 'TSS1', experiment: 'TSE1' } as const;
export type StoredKind = keyof typeof MARKS;
/** What this server keeps in Redis. */
export type AiValue = Extract<StoredValue, { type: StoredKind }>;
export const MARK_BYTES = 4;
const ID_BYTES = 16;
export const HEADER_BYTES = MARK_BYTES + ID_BYTES;

/** The header as a text of one character a byte, which a Map can hash. */
export type Header = string;

/** A value as it is to be written. */
export interface EncodedValue {
  readonly header: Header;
  /** The header is the first. */
  readonly parts: readonly Uint8Array[];
  readonly length: number;
}

export function encodeStored(value: AiValue): EncodedValue {
  const head = Buffer.alloc(HEADER_BYTES);
  head.write(MARKS[value.type], 'latin1');
  randomFillSync(head, MARK_BYTES);
  const writer = new RdbWriter();
  encodeValue(writer, value);
  const parts = [head, ...writer.take()];
  return {
    header: head.toString('latin1'),
    parts,
    length: parts.reduce((sum, part) => sum + part.length, 0),
  };
}

/** Undefined where the bytes are no value of this server, but somebody's string. */
export function headerOf(bytes: Buffer): Header | undefined {
  if (bytes.length < HEADER_BYTES || kindOf(bytes.toString('latin1', 0, MARK_BYTES)) === undefined)
    return undefined;
  return bytes.toString('latin1', 0, HEADER_BYTES);
}

/** What a value is that begins like this. */
export function kindOf(mark: string): StoredKind | undefined {
  return (Object.keys(MARKS) as StoredKind[]).find((kind) => MARKS[kind] === mark);
}

/** @throws FormatError where what is behind the header is no value of its kind. */
export function decodeStored(bytes: Buffer): AiValue {
  const value = liveValue(decodeValue(new RdbReader(bytes.subarray(HEADER_BYTES))));
  if (!isAiValue(value) || value.type !== kindOf(bytes.toString('latin1', 0, MARK_BYTES))) {
    throw new FormatError('it holds something else');
  }
  return value;
}

export function isAiValue(value: StoredValue): value is AiValue {
  return value.type in MARKS;
}
