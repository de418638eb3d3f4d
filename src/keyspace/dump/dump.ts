import type { StoredValue } from '../keyspace.ts';
import { crc64 } from './crc64.ts';
import { FormatError } from './format-error.ts';
import { RdbReader } from './rdb-reader.ts';
import { RdbWriter } from './rdb-writer.ts';
import { type DumpedValue, decodeValue, encodeValue } from './value-codec.ts';

/** The RDB version of the payloads made here: that of Redis 7.0, so that it and all later ones take them. */
const VERSION = 10;
/** The newest whose types are read here: that of Redis 7.4. */
const NEWEST_VERSION = 12;
const FOOTER_BYTES = 10;

/** Why a payload is refused: its frame (version, checksum), or what it frames. */
export type DumpFault = 'footer' | 'content';

/**
 * A value as DUMP answers it: type and content, RDB version (2 bytes), CRC-64 (8 bytes), in pieces that may refer to the value's own bytes.
 *
 * ```
 *  | type | content ...                | version | crc64 of all before |
 * ```
 */
export function dumpValue(value: StoredValue): readonly Uint8Array[] {
  const writer = new RdbWriter();
  encodeValue(writer, value);
  writer.byte(VERSION & 255);
  writer.byte(VERSION >> 8);
  const parts = [...writer.take()];
  const checksum = Buffer.alloc(8);
  checksum.writeBigUInt64LE(crc64(parts));
  return [...parts, checksum];
}

/** The value in a payload of DUMP, or why there is none. */
export function parseDump(payload: Uint8Array): DumpedValue | DumpFault {
  if (payload.length < FOOTER_BYTES) return 'footer';
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const footer = bytes.length - FOOTER_BYTES;
  if (bytes.readUInt16LE(footer) > NEWEST_VERSION) return 'footer';
  const checksum = bytes.readBigUInt64LE(footer + 2);
  // As in Redis, 0 stands for a payload whose checksum was not computed.
  if (checksum !== 0n && checksum !== crc64([bytes.subarray(0, footer + 2)])) return 'footer';
  try {
    const reader = new RdbReader(bytes.subarray(0, footer));
    const value = decodeValue(reader);
    return reader.left === 0 ? value : 'content';
  } catch (error) {
    if (error instanceof FormatError) return 'content';
    throw error;
  }
}
