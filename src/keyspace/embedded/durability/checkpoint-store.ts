import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { KeyName, StoredValue } from '../../keyspace.ts';
import type { OnDisk } from '../embedded-keyspace.ts';
import { FrozenStore } from './frozen-store.ts';
import {
  decodeBody,
  decodeRecord,
  encodeBody,
  encodeOnDisk,
  encodeRecord,
  type StoredRecord,
} from './record-codec.ts';

/** LMDB takes keys of up to 1978 bytes; longer ones are stored under their hash. */
const LONGEST_KEY_BYTES = 1900;
const PLAIN = 0;
const HASHED = 1;

const TURN = Buffer.from('turn');

/** From here on a value lies apart from its record, so that a start need not read it. */
const LARGE_BYTES = 4096;

/** The keys and settings as of the last checkpoint, in LMDB. */
export class CheckpointStore {
  readonly #path: string;
  #databases: Databases;
  /** Keys whose values lie apart. */
  readonly #largeKeys = new Set<KeyName>();
  readonly #frozen = new Set<FrozenStore>();

  /** @throws Error where the file is no database that can be read. */
  constructor(path: string, isReadOnly = false) {
    this.#path = path;
    this.#databases = openDatabases(path, isReadOnly);
  }

  /** Where it was opened to be read only. @throws Error where that is still all that can be done. */
  openForWriting(): void {
    const before = this.#databases;
    this.#databases = openDatabases(this.#path, false);
    void before.root.close();
  }

  /** Keys in the store. */
  get size(): number {
    return (this.#databases.records.getStats() as { entryCount: number }).entryCount;
  }

  /** Queues a value, as it was after the change of that number. One that is on the disk stays as it is there. */
  put(sequence: number, key: KeyName, value: StoredValue | OnDisk, expiresAt: number | undefined): void {
    const id = storedKey(key);
    if (value.type === 'onDisk') {
      void this.#databases.records.put(id, encodeOnDisk(sequence, key, expiresAt, value.of));
      return;
    }
    const body = encodeBody(value);
    if (body.reduce((sum, part) => sum + part.length, 0) < LARGE_BYTES) {
      if (this.#largeKeys.delete(key)) void this.#databases.large.remove(id);
      void this.#databases.records.put(id, encodeRecord(sequence, key, expiresAt, body));
      return;
    }
    this.#largeKeys.add(key);
    void this.#databases.records.put(id, encodeOnDisk(sequence, key, expiresAt, value.type));
    void this.#databases.large.put(id, Buffer.concat(body));
  }

  /** Queues that the key is gone. */
  remove(key: KeyName): void {
    const id = storedKey(key);
    if (this.#largeKeys.delete(key)) void this.#databases.large.remove(id);
    void this.#databases.records.remove(id);
  }

  /** Queues that all keys are gone. */
  clear(): void {
    this.#largeKeys.clear();
    void this.#databases.records.clearAsync();
    void this.#databases.large.clearAsync();
  }

  /** Queues a setting; undefined takes it away. */
  putSetting(name: string, value: Uint8Array | undefined): void {
    if (value === undefined) void this.#databases.settings.remove(Buffer.from(name));
    else void this.#databases.settings.put(Buffer.from(name), Buffer.from(value));
  }

  /** Queues the number of the last turn that any value here has in it. */
  putTurn(turn: number): void {
    void this.#databases.meta.put(TURN, Buffer.from(Float64Array.of(turn).buffer));
  }

  /** 0 where there is none. */
  get turn(): number {
    return this.#databases.meta.getBinary(TURN)?.readDoubleLE() ?? 0;
  }

  /** Resolves when all that was queued is on the disk. @throws the system's error. */
  async flushed(): Promise<void> {
    await this.#databases.root.flushed;
  }

  /** @throws FormatError where the record is damaged. */
  get(key: KeyName): StoredRecord | undefined {
    const bytes = this.#databases.records.getBinary(storedKey(key));
    return bytes === undefined ? undefined : this.#record(bytes);
  }

  /** The value of a record that says that it is on the disk. @throws FormatError where it is damaged. */
  read(key: KeyName): StoredValue {
    const bytes = this.#databases.large.getBinary(storedKey(key));
    if (bytes === undefined) throw new Error('a large value is missing in the database');
    return decodeBody(bytes);
  }

  /** The records behind a place, in the order of the database, with their places; null for one that is damaged. */
  *records(behind?: Buffer): Generator<{ readonly place: Buffer; readonly record: StoredRecord | null }> {
    const range = behind === undefined ? {} : { start: behind, exclusiveStart: true };
    for (const { key, value } of this.#databases.records.getRange(range)) {
      let record: StoredRecord | null = null;
      try {
        record = this.#record(value);
      } catch {
        // The caller knows what it means for the node.
      }
      yield { place: key, record };
    }
  }

  /** The values as they are on the disk now; to be closed. */
  freeze(): FrozenStore {
    const frozen = new FrozenStore(this.#databases, storedKey, () => this.#frozen.delete(frozen));
    this.#frozen.add(frozen);
    return frozen;
  }

  settings(): Map<string, Uint8Array> {
    const entries = [...this.#databases.settings.getRange()];
    return new Map(entries.map(({ key, value }) => [key.toString(), Uint8Array.from(value)]));
  }

  async close(): Promise<void> {
    for (const frozen of this.#frozen) frozen.close();
    await this.#databases.root.close();
  }

  #record(bytes: Buffer): StoredRecord {
    const record = decodeRecord(bytes);
    if (record.value.type === 'onDisk') this.#largeKeys.add(record.key);
    return record;
  }
}

export interface Databases {
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly records: Database<Buffer, Buffer>;
  readonly large: Database<Buffer, Buffer>;
  readonly settings: Database<Buffer, Buffer>;
  readonly meta: Database<Buffer, Buffer>;
}

function openDatabases(path: string, isReadOnly: boolean): Databases {
  checkHeader(path);
  if (isReadOnly && !existsSync(path)) throw new Error('it is empty, and cannot be written');
  const binary = { keyEncoding: 'binary', encoding: 'binary' } as const;
  // One file, not a folder.
  const root = open<Buffer, Buffer>({
    path,
    maxDbs: 8,
    ...binary,
    compression: false,
    noSubdir: true,
    readOnly: isReadOnly,
  });
  const database = (name: string) => root.openDB<Buffer, Buffer>({ name, ...binary });
  return {
    root,
    records: database('values'),
    large: database('large'),
    settings: database('settings'),
    meta: database('meta'),
  };
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
