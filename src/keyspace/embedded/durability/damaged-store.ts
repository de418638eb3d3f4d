import type { KeyName, StoredValue } from '../../keyspace.ts';
import type { SnapshotEntry } from '../../snapshot.ts';
import type { FrozenKeys, KeyStore } from './key-store.ts';
import { LmdbFile } from './lmdb-file.ts';
import { decodeBody, decodeRecord, type StoredRecord, splitRecord } from './record-codec.ts';
import { LARGE_VALUES, META, RECORDS, SETTINGS, TURN } from './store-layout.ts';
import { storedKey } from './stored-key.ts';

type Values = ReadonlyMap<string, () => Buffer>;

/** What can still be read of a database that is damaged. Nothing is written to it. */
export class DamagedStore implements KeyStore, FrozenKeys {
  readonly #file: LmdbFile;
  readonly #records: Values;
  readonly #large: Values;
  /** The places of the records, in order. */
  readonly #places: readonly string[];
  /** Keys that should be there, but cannot be reached. */
  readonly lost: number;

  /** @throws the system's error. */
  constructor(path: string) {
    this.#file = new LmdbFile(path);
    this.#records = valuesOf(this.#file, RECORDS);
    this.#large = valuesOf(this.#file, LARGE_VALUES);
    this.#places = [...this.#records.keys()];
    this.lost = Math.max(0, this.#file.count(RECORDS) - this.#records.size);
  }

  get size(): number {
    return this.#records.size;
  }

  get turn(): number {
    for (const { key, value } of this.#file.entries(META))
      if (key.equals(TURN)) return value().readDoubleLE();
    return 0;
  }

  get(key: KeyName): StoredRecord | undefined {
    const record = this.#records.get(placeOf(key));
    return record === undefined ? undefined : decodeRecord(record());
  }

  read(key: KeyName): StoredValue {
    const body = this.#large.get(placeOf(key));
    if (body === undefined) throw new Error('a large value is missing in the database');
    return decodeBody(body());
  }

  *records(behind?: Buffer): Generator<{ readonly place: Buffer; readonly record: StoredRecord | null }> {
    const from = behind === undefined ? 0 : behind.readDoubleLE() + 1;
    for (let i = from; i < this.#places.length; i++) {
      let record: StoredRecord | null = null;
      try {
        record = decodeRecord((this.#records.get(this.#places[i] as string) as () => Buffer)());
      } catch {
        // The caller knows what it means for the node.
      }
      yield { place: Buffer.from(Float64Array.of(i).buffer), record };
    }
  }

  settings(): Map<string, Uint8Array> {
    const settings = new Map<string, Uint8Array>();
    for (const { key, value } of this.#file.entries(SETTINGS)) {
      try {
        settings.set(key.toString(), Uint8Array.from(value()));
      } catch {
        // As if it had never been set.
      }
    }
    return settings;
  }

  freeze(): FrozenKeys {
    return { entries: () => this.entries(), entry: (key) => this.entry(key), close() {} };
  }

  /** But for those that are damaged: they are in no copy, as they are in no answer. */
  *entries(): Generator<SnapshotEntry> {
    for (const place of this.#places) {
      let entry: SnapshotEntry;
      try {
        entry = this.#entry(place);
      } catch {
        continue;
      }
      yield entry;
    }
  }

  entry(key: KeyName): SnapshotEntry {
    return this.#entry(placeOf(key));
  }

  async close(): Promise<void> {
    this.#file.close();
  }

  #entry(place: string): SnapshotEntry {
    return splitRecord((this.#records.get(place) as () => Buffer)(), () => this.#large.get(place)?.());
  }
}

function placeOf(key: KeyName): string {
  return storedKey(key).toString('latin1');
}

function valuesOf(file: LmdbFile, database: string): Values {
  const values = new Map<string, () => Buffer>();
  for (const entry of file.entries(database)) values.set(entry.key.toString('latin1'), () => entry.value());
  return values;
}
