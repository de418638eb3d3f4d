import type { Database, RootDatabase } from 'lmdb';
import type { SnapshotEntry } from '../../snapshot.ts';
import { splitPut } from './record-codec.ts';

/** Keys that are looked up at a time. */
const PAGE = 256;

/** The values of a checkpoint store as they were at one moment. Until it is closed, LMDB's file grows with what is written meanwhile. */
export class FrozenStore {
  readonly #values: Database<Buffer, Buffer>;
  readonly #transaction: ReturnType<RootDatabase['useReadTransaction']>;
  readonly #closed: () => void;
  #open = true;

  constructor(root: RootDatabase<Buffer, Buffer>, values: Database<Buffer, Buffer>, closed: () => void) {
    // Reads within one turn share a transaction: without this it could be one from before the last write.
    root.resetReadTxn();
    this.#transaction = root.useReadTransaction();
    this.#values = values;
    this.#closed = closed;
  }

  /** @throws FormatError where one is damaged, Error once it is closed. */
  *entries(): Generator<SnapshotEntry> {
    const transaction = this.#transaction;
    let page = [...this.#range({ limit: PAGE })];
    while (page.length > 0) {
      for (const key of page) {
        this.#mustBeOpen();
        yield splitPut(this.#values.get(key, { transaction }) as Buffer);
      }
      // No cursor stays open while others run in between.
      page = [...this.#range({ limit: PAGE, start: page.at(-1) as Buffer, exclusiveStart: true })];
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#transaction.done();
    this.#closed();
  }

  #range(options: Parameters<Database<Buffer, Buffer>['getKeys']>[0]): Iterable<Buffer> {
    this.#mustBeOpen();
    return this.#values.getKeys({ ...options, transaction: this.#transaction });
  }

  #mustBeOpen(): void {
    if (!this.#open) throw new Error('the snapshot is closed');
  }
}
