import type { Database, RootDatabase } from 'lmdb';
import type { KeyName } from '../../keyspace.ts';
import type { SnapshotEntry } from '../../snapshot.ts';
import type { Databases } from './checkpoint-store.ts';
import type { FrozenKeys } from './key-store.ts';
import { splitRecord } from './record-codec.ts';

/** Keys that are looked up at a time. */
const PAGE = 256;

/** The values of a checkpoint store as they were at one moment. Until it is closed, LMDB's file grows with what is written meanwhile. */
export class FrozenStore implements FrozenKeys {
  readonly #databases: Databases;
  readonly #placeOf: (key: KeyName) => Buffer;
  readonly #transaction: ReturnType<RootDatabase['useReadTransaction']>;
  readonly #closed: () => void;
  #open = true;

  /** @param placeOf where a key's record is. */
  constructor(databases: Databases, placeOf: (key: KeyName) => Buffer, closed: () => void) {
    const { root } = databases;
    // Reads within one turn share a transaction: without this it could be one from before the last write.
    root.resetReadTxn();
    this.#transaction = root.useReadTransaction();
    this.#databases = databases;
    this.#placeOf = placeOf;
    this.#closed = closed;
  }

  *entries(): Generator<SnapshotEntry> {
    let page = [...this.#range({ limit: PAGE })];
    while (page.length > 0) {
      for (const key of page) {
        yield this.#read(key);
      }
      // No cursor stays open while others run in between.
      page = [...this.#range({ limit: PAGE, start: page.at(-1) as Buffer, exclusiveStart: true })];
    }
  }

  entry(key: KeyName): SnapshotEntry {
    return this.#read(this.#placeOf(key));
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#transaction.done();
    this.#closed();
  }

  #read(place: Buffer): SnapshotEntry {
    this.#mustBeOpen();
    const transaction = this.#transaction;
    const { records, large } = this.#databases;
    return splitRecord(records.get(place, { transaction }) as Buffer, () =>
      large.get(place, { transaction }),
    );
  }

  #range(options: Parameters<Database<Buffer, Buffer>['getKeys']>[0]): Iterable<Buffer> {
    this.#mustBeOpen();
    return this.#databases.records.getKeys({ ...options, transaction: this.#transaction });
  }

  #mustBeOpen(): void {
    if (!this.#open) throw new Error('the snapshot is closed');
  }
}
