import { closeSync, fstatSync, openSync } from 'node:fs';
import { FormatError } from '../keyspace/dump/format-error.ts';
import { type FileItem, fileItems, readChecksum, readVersion } from '../keyspace/dump/rdb-file-items.ts';
import { RdbFileReader } from '../keyspace/dump/rdb-file-reader.ts';

export interface FileSummary {
  /** RDB's version. */
  readonly version: number;
  readonly bytes: number;
  readonly keys: number;
  /** CRC-64; 0 where the file was written without one. */
  readonly checksum: bigint;
}

export interface Reading {
  readonly item: FileItem;
  readonly reader: RdbFileReader;
  readonly version: number;
}

/** How long reading a file may hold up everything else. */
const SLICE_MS = 20;

/**
 * Reads a whole file and checks it.
 * @param look sees each item before the file as a whole is known to be right.
 * @throws Error that names the file and says what is wrong with it.
 */
export async function inspect(
  file: string,
  update: (done: number) => void,
  look: (item: FileItem) => void = () => {},
  signal?: AbortSignal,
): Promise<FileSummary> {
  let keys = 0;
  let summary: FileSummary | undefined;
  const ended = (reader: RdbFileReader, version: number) => {
    summary = { version, bytes: reader.position + 8, keys, checksum: readChecksum(reader) };
  };
  for await (const { item, reader } of readFile(file, ended)) {
    if (item.kind === 'key') keys++;
    look(item);
    update(reader.position);
    signal?.throwIfAborted();
  }
  return summary as FileSummary;
}

/**
 * The items of a file, front to back.
 * @param ended called at the mark of the end.
 * @throws Error that names the file and says what is wrong with it.
 */
export async function* readFile(
  file: string,
  ended: (reader: RdbFileReader, version: number) => void = () => {},
): AsyncGenerator<Reading> {
  const descriptor = openSync(file, 'r');
  try {
    const reader = new RdbFileReader(descriptor, fstatSync(descriptor).size);
    const version = readVersion(reader);
    let sliceEnds = performance.now() + SLICE_MS;
    for (const item of fileItems(reader)) {
      yield { item, reader, version };
      if (performance.now() < sliceEnds) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceEnds = performance.now() + SLICE_MS;
    }
    ended(reader, version);
  } catch (error) {
    if (error instanceof FormatError) throw new Error(`${file} cannot be used: ${error.message}`);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
