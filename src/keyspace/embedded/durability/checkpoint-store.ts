import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { KeyName } from '../../keyspace.ts';
import { FrozenStore } from './frozen-store.ts';
import { type Change, decodeChange, encodeChange } from './record-codec.ts';

/** LMDB takes keys of up to 1978 bytes; longer ones are stored under their hash. */
const LONGEST_KEY_BYTES = 1900;
const PLAIN = 0;
const HASHED = 1;

export type Put = Extract<Change, { kind: 'put' }>;

/** The keys as of the last checkpoint, in LMDB. */
export class CheckpointStore {
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #values: Database<Buffer, Buffer>;
  readonly #frozen = new Set<FrozenStore>();

  /** @throws Error where the file is no database that can be read. */
  constructor(path: string) {
    checkHeader(path);
    this.#root = open<Buffer, Buffer>({
      path,
      maxDbs: 4,
      keyEncoding: 'binary',
      encoding: 'binary',
      compression: false,
      // One file, not a folder.
      noSubdir: true,
    });
    this.#values = this.#root.openDB({ name: 'values', keyEncoding: 'binary', encoding: 'binary' });
  }

  /** Queues a value, as it was after the change of that number. */
  put(sequence: number, put: Put): void {
    void this.#values.put(storedKey(put.key), Buffer.concat(encodeChange(sequence, put)));
  }

  /** Queues that the key is gone. */
  remove(key: KeyName): void {
    void this.#values.remove(storedKey(key));
  }

  /** Queues that all keys are gone. */
  clear(): void {
    void this.#values.clearAsync();
  }

  /** Resolves when all that was queued is on the disk. @throws the system's error. */
  async flushed(): Promise<void> {
    await this.#root.flushed;
  }

  /** All values with the number of the change that they were written after. @throws FormatError where one is damaged. */
  *entries(): Generator<{ sequence: number; put: Put }> {
    for (const { value } of this.#values.getRange()) {
      const { sequence, change } = decodeChange(value);
      if (change.kind !== 'put') throw new Error('the database holds something that is no value');
      yield { sequence, put: change };
    }
  }

  /** The values as they are on the disk now; to be closed. */
  freeze(): FrozenStore {
    const frozen = new FrozenStore(this.#root, this.#values, () => this.#frozen.delete(frozen));
    this.#frozen.add(frozen);
    return frozen;
  }

  async close(): Promise<void> {
    for (const frozen of this.#frozen) frozen.close();
    await this.#root.close();
  }
}

/** LMDB's mark, behind the header of the first page, which is of 24 bytes in the version that the binding brings (seen in its files). */
const MAGIC = 0xbeefc0de;
const MAGIC_OFFSET = 24;

/** The binding ends the process on a file that is no database, instead of saying so. @throws Error that says it. */
function checkHeader(path: string): void {
  if (!existsSync(path)) return;
  const start = Buffer.alloc(MAGIC_OFFSET + 4);
  const file = openSync(path, 'r');
  const read = readSync(file, start);
  closeSync(file);
  // An empty file is one that was never written to.
  if (read === 0) return;
  if (read < start.length || start.readUInt32LE(MAGIC_OFFSET) !== MAGIC) {
    throw new Error(`${path} is no LMDB database`);
  }
}

function storedKey(key: KeyName): Buffer {
  const bytes = Buffer.from(key, 'latin1');
  return bytes.length <= LONGEST_KEY_BYTES
    ? Buffer.concat([Buffer.of(PLAIN), bytes])
    : Buffer.concat([Buffer.of(HASHED), createHash('sha256').update(bytes).digest()]);
}
