import type { KeyName, StoredValue } from '../../keyspace.ts';
import type { SnapshotEntry } from '../../snapshot.ts';
import type { StoredRecord } from './record-codec.ts';

/** What a checkpoint has left, to be read. */
export interface KeyStore {
  /** Keys in it. */
  readonly size: number;
  /** The last turn that any value has in it; 0 where there is none. */
  readonly turn: number;
  /** @throws FormatError where the record is damaged. */
  get(key: KeyName): StoredRecord | undefined;
  /** The value of a record that says that it is on the disk. @throws FormatError where it is damaged. */
  read(key: KeyName): StoredValue;
  /** The records behind a place, in the order of the database, with their places; null for one that is damaged. */
  records(behind?: Buffer): Iterable<{ readonly place: Buffer; readonly record: StoredRecord | null }>;
  settings(): Map<string, Uint8Array>;
  /** The values as they are on the disk now; to be closed. */
  freeze(): FrozenKeys;
  close(): Promise<void>;
}

/** The keys of a store as they were at one moment. */
export interface FrozenKeys {
  /** @throws FormatError where one is damaged, Error once it is closed. */
  entries(): Iterable<SnapshotEntry>;
  /** @throws FormatError where it is damaged, Error once the store is closed. */
  entry(key: KeyName): SnapshotEntry;
  close(): void;
}
