import { existsSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { KeyName, StoredValue } from '../../keyspace.ts';
import type { OnDisk } from '../embedded-keyspace.ts';
import { FrozenStore } from './frozen-store.ts';
import type { KeyStore } from './key-store.ts';
import {
  decodeBody,
  decodeRecord,
  encodeBody,
  encodeOnDisk,
  encodeRecord,
  type StoredRecord,
  withChecksum,
} from './record-codec.ts';
import { FORMAT, LARGE_VALUES, META, PRESENT_FORMAT, RECORDS, SETTINGS, TURN } from './store-layout.ts';
import { storedKey } from './stored-key.ts';

/** From here on a value lies apart from its record, so that a start need not read it. */
const LARGE_BYTES = 4096;

/** The keys and settings as of the last checkpoint, in LMDB. */
export class CheckpointStore implements KeyStore {
  readonly #path: string;
  #databases: Databases;
  /** Keys whose values lie apart. */
  readonly #largeKeys = new Set<KeyName>();
  readonly #frozen = new Set<FrozenStore>();

  /** @throws Error where the file is no database that can be read. */
  constructor(path: string, isReadOnly = false) {
    this.#path = path;
    this.#databases = openDatabases(path, isReadOnly);
    const format = this.#databases.meta.getBinary(FORMAT)?.[0] ?? 1;
    if (this.turn > 0 && format !== PRESENT_FORMAT) {
      void this.#databases.root.close();
      throw new Error(`it is written in format ${format}, and this version reads format ${PRESENT_FORMAT}`);
    }
  }

  /** Where it was opened to be read only. @throws Error where that is still all that can be done. */
  openForWriting(): void {
    const before = this.#databases;
    this.#databases = openDatabases(this.#path, false);
    void before.root.close();
  }

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
    void this.#databases.large.put(id, withChecksum(body));
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
    void this.#databases.meta.put(FORMAT, Buffer.of(PRESENT_FORMAT));
    void this.#databases.meta.put(TURN, Buffer.from(Float64Array.of(turn).buffer));
  }

  get turn(): number {
    return this.#databases.meta.getBinary(TURN)?.readDoubleLE() ?? 0;
  }

  /** Resolves when all that was queued is on the disk. @throws the system's error. */
  async flushed(): Promise<void> {
    await this.#databases.root.flushed;
  }

  get(key: KeyName): StoredRecord | undefined {
    const bytes = this.#databases.records.getBinary(storedKey(key));
    return bytes === undefined ? undefined : this.#record(bytes);
  }

  read(key: KeyName): StoredValue {
    const bytes = this.#databases.large.getBinary(storedKey(key));
    if (bytes === undefined) throw new Error('a large value is missing in the database');
    return decodeBody(bytes);
  }

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
    records: database(RECORDS),
    large: database(LARGE_VALUES),
    settings: database(SETTINGS),
    meta: database(META),
  };
}
