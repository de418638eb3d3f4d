import { readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * A log file, numbers little-endian:
 * ```
 *  | TSRLOG01 | turn f64 |                        the last turn of the file before
 *  | bytes f64 | crc32 u32 | size f64, change | size f64, change | ..      one turn
 *                          |<-------------- bytes ------------->|
 *  | bytes f64 | crc32 u32 | ..                                            the next one
 * ```
 */
const MAGIC = Buffer.from('TSRLOG01');
export const FILE_HEADER_BYTES = MAGIC.length + 8;
export const SIZE_BYTES = 8;
export const TURN_HEADER_BYTES = SIZE_BYTES + 4;

const NAME = /^log-(\d{10})\.bin$/;

export function encodeFileHeader(lastTurn: number): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeDoubleLE(lastTurn, MAGIC.length);
  return header;
}

/** @returns the last turn of the file before; undefined where it is no header. */
export function decodeFileHeader(header: Buffer): number | undefined {
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  return header.readDoubleLE(MAGIC.length);
}

/** The numbers of the log files in a folder, rising. */
export function logNumbers(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => Number(NAME.exec(name)?.[1]))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b);
}

export function logPath(folder: string, number: number): string {
  return path.join(folder, `log-${String(number).padStart(10, '0')}.bin`);
}
