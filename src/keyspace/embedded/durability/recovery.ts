import type { KeyName, LoadProgress, StoredValue } from '../../keyspace.ts';
import { applyOperation, collectionOf } from '../../values/operations.ts';
import type { Content, EmbeddedKeyspace, KeyspaceSource } from '../embedded-keyspace.ts';
import { ChangeIndex } from './change-index.ts';
import type { KeyStore } from './key-store.ts';
import type { LogReader } from './log-reader.ts';
import type { ChangeReader, StoredRecord } from './record-codec.ts';

/** How long keys that nobody has asked for may hold up others at a time. */
const SLICE_MS = 4;

/** So many come in within a tenth of a second: nobody need see that they are not there yet. */
const FIRST_KEYS = 5000;

/** Keys that are read from the store in one go. */
const WALK_KEYS = 100;

/**
 * Brings back what an earlier process has left: a key when it is first asked for, from the last checkpoint and the log of changes since, and
 * the others bit by bit; large values of the checkpoint only when they are asked for.
 */
export class Recovery implements KeyspaceSource, LoadProgress {
  readonly startedAt = Date.now();
  loadedKeys = 0;
  /** Keys that cannot be read. */
  damagedKeys = 0;
  readonly #keyspace: EmbeddedKeyspace;
  readonly #store: KeyStore;
  /** Told of keys that are no longer as they are in the store. */
  readonly #outdated: (key: KeyName) => void;
  /** Changes in the log that still have to be done again. */
  readonly #changes = new ChangeIndex();
  #totalKeys: number;

  constructor(keyspace: EmbeddedKeyspace, store: KeyStore, outdated: (key: KeyName) => void) {
    this.#keyspace = keyspace;
    this.#store = store;
    this.#outdated = outdated;
    this.#totalKeys = store.size;
    keyspace.startLoading(this, this);
  }

  get totalKeys(): number {
    return this.#totalKeys;
  }

  /** Finds out what is in the log. @throws Error where a change is not to be understood, although its checksum is right. */
  readLog(log: LogReader, setting: (name: string, value: Uint8Array | undefined) => void): void {
    for (const turn of log.turns()) this.#changes.add(turn, setting);
    this.#totalKeys += this.#changes.size;
  }

  find(key: KeyName): Content | undefined {
    if (this.#changes.isGone(key)) return undefined;
    const stored = this.#store.get(key);
    const record = stored === undefined || stored.sequence < this.#changes.clearedAt ? undefined : stored;
    const changes = this.#changes.changesOf(key);
    if (changes === undefined) return record;
    const content = this.#redo(key, record, changes);
    this.#outdated(key);
    this.#changes.done(key, content !== undefined);
    return content;
  }

  read(key: KeyName): StoredValue {
    return this.#store.read(key);
  }

  /**
   * Brings the other keys in.
   * @param isStopped asked from time to time whether to give up
   * @param ready told when so many are here that the others are worth no waiting, or all
   */
  async load(isStopped: () => boolean, ready: () => void): Promise<void> {
    for (const keys of [this.#changedKeys(), this.#storedKeys()]) {
      let sliceEnds = 0;
      for (const _ of keys) {
        if (performance.now() < sliceEnds) continue;
        await new Promise((resolve) => setImmediate(resolve));
        if (this.loadedKeys >= FIRST_KEYS) ready();
        if (isStopped()) return;
        sliceEnds = performance.now() + SLICE_MS;
      }
    }
    this.#changes.clear();
    this.#keyspace.loaded();
    ready();
  }

  *#changedKeys(): Generator<void> {
    for (const key of this.#changes.keys()) {
      this.loadedKeys++;
      try {
        const content = this.find(key);
        if (content !== undefined) this.#keyspace.adopt(key, content);
      } catch {
        this.damagedKeys++;
      }
      yield;
    }
  }

  *#storedKeys(): Generator<void> {
    for (let behind: Buffer | undefined, isComplete = false; !isComplete; ) {
      isComplete = true;
      let read = 0;
      // Not one walk through all: a cursor that is kept keeps LMDB from using space again.
      for (const { place, record } of this.#store.records(behind)) {
        behind = place;
        this.loadedKeys++;
        if (record === null) this.damagedKeys++;
        else if (record.sequence < this.#changes.clearedAt) this.#outdated(record.key);
        else if (!this.#changes.has(record.key)) this.#keyspace.adopt(record.key, record);
        if (++read < WALK_KEYS) continue;
        isComplete = false;
        break;
      }
      yield;
    }
  }

  /** @throws Error where a change does not fit what it changes. */
  #redo(
    key: KeyName,
    record: StoredRecord | undefined,
    changes: readonly ChangeReader[],
  ): Content | undefined {
    let content: Content | undefined = record;
    for (const reader of changes) {
      // The checkpoint has it already.
      if (record !== undefined && reader.sequence <= record.sequence) continue;
      const change = reader.read();
      if (change.kind === 'put') content = change;
      else if (change.kind === 'delete') content = undefined;
      else if (content === undefined) continue;
      else if (change.kind === 'expiry') content = { value: content.value, expiresAt: change.expiresAt };
      else if (change.kind === 'operations') {
        const value: StoredValue = content.value.type === 'onDisk' ? this.read(key) : content.value;
        for (const operation of change.operations) applyOperation(value, operation);
        const isEmpty = collectionOf(value)?.length === 0;
        content = isEmpty ? undefined : { value, expiresAt: content.expiresAt };
      }
    }
    return content;
  }
}
