import { RdbWriter } from './dump/rdb-writer.ts';
import { encodeValue } from './dump/value-codec.ts';
import type { KeyName, Keyspace, StoredValue } from './keyspace.ts';
import { collectionOf } from './values/operations.ts';

/** A key as it was. */
export interface SnapshotEntry {
  readonly key: KeyName;
  /** Unix time in ms. */
  readonly expiresAt: number | undefined;
  /** The value as `encodeValue` writes it: RDB's type byte, then the content. */
  readonly parts: readonly Uint8Array[];
}

/** All keys as they were at one moment, whatever happens to them later. */
export interface Snapshot {
  /** Keys at that moment; those that stay in memory only are counted and not among the entries. */
  readonly keys: number;
  /** Keys at that moment that carried an expiry. */
  readonly expiring: number;
  /** May be walked slowly. @throws FormatError where a stored value is damaged, Error once the snapshot is closed. */
  entries(): Iterable<SnapshotEntry>;
  /** Lets go of what the snapshot holds; has to be called. */
  close(): void;
}

/** Keeps a value as it is now: what changes in place is written out at once, everything else when it is asked for. */
export function freeze(key: KeyName, value: StoredValue, expiresAt: number | undefined): () => SnapshotEntry {
  if (collectionOf(value) === undefined) return () => ({ key, expiresAt, parts: encoded(value) });
  const entry = { key, expiresAt, parts: encoded(value) };
  return () => entry;
}

/** A snapshot of a keyspace that is nowhere but in memory; takes as long as writing out all collections does. */
export function memorySnapshot(keyspace: Keyspace): Snapshot {
  const frozen: (() => SnapshotEntry)[] = [];
  for (const key of keyspace.keys()) {
    const value = keyspace.peek(key);
    if (value !== undefined) frozen.push(freeze(key, value, keyspace.expiryOf(key)));
  }
  return {
    keys: frozen.length,
    expiring: keyspace.expiring,
    *entries() {
      for (const entry of frozen) yield entry();
    },
    close() {
      frozen.length = 0;
    },
  };
}

function encoded(value: StoredValue): readonly Uint8Array[] {
  const writer = new RdbWriter();
  encodeValue(writer, value);
  return writer.take();
}
