import type { KeyName, LoadProgress, StoredValue } from '../../keyspace.ts';
import { applyOperation } from '../../values/operations.ts';
import type { Content, EmbeddedKeyspace, KeyspaceSource } from '../embedded-keyspace.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { type LogDamage, LogReader } from './log-reader.ts';
import { type Change, ChangeReader } from './record-codec.ts';

/** How long keys that nobody has asked for may hold up others at a time. */
const SLICE_MS = 4;

/**
 * Brings back what an earlier process has left: the changes in the log at once; of the last checkpoint a key when it is first asked for and
 * the others bit by bit, large values only when they are asked for.
 */
export class Recovery implements KeyspaceSource, LoadProgress {
  readonly startedAt = Date.now();
  readonly totalKeys: number;
  loadedKeys = 0;
  /** Records that cannot be read. */
  damagedRecords = 0;
  readonly #keyspace: EmbeddedKeyspace;
  readonly #store: CheckpointStore;
  /** Told of keys that are no longer as they are in the store. */
  readonly #outdated: (key: KeyName) => void;
  /** The turn of the last FLUSHALL in the log: what was stored before it is gone. */
  #clearedAt = 0;

  constructor(keyspace: EmbeddedKeyspace, store: CheckpointStore, outdated: (key: KeyName) => void) {
    this.#keyspace = keyspace;
    this.#store = store;
    this.#outdated = outdated;
    this.totalKeys = store.size;
    keyspace.startLoading(this, this);
  }

  find(key: KeyName): Content | undefined {
    const record = this.#store.get(key);
    return record === undefined || record.sequence < this.#clearedAt ? undefined : record;
  }

  read(key: KeyName): StoredValue {
    return this.#store.read(key);
  }

  /**
   * Does the changes in the log again.
   * @throws Error where a change is not to be understood, although its checksum is right.
   */
  replay(folder: string, setting: (name: string, value: Uint8Array | undefined) => void): LogOutcome {
    const first = new LogReader(folder);
    for (const changes of first.turns()) {
      for (const bytes of changes) {
        const change = new ChangeReader(bytes);
        if (change.kind === 'clear') this.#clearedAt = change.sequence;
      }
    }
    const storedAt = new Map<KeyName, number>();
    const isDone = (key: KeyName, sequence: number) => {
      let stored = storedAt.get(key);
      if (stored === undefined) {
        stored = this.#store.get(key)?.sequence ?? 0;
        storedAt.set(key, stored);
      }
      return sequence <= stored;
    };
    this.#keyspace.isReplaying = true;
    for (const changes of new LogReader(folder).turns()) {
      for (const bytes of changes) {
        const reader = new ChangeReader(bytes);
        if (reader.sequence < this.#clearedAt && reader.kind !== 'setting') continue;
        const change = reader.read(isDone);
        if (change?.kind === 'setting') setting(change.name, change.value);
        else if (change !== undefined && change.kind !== 'clear') this.#apply(change);
      }
    }
    this.#keyspace.isReplaying = false;
    return { damage: first.damage, lastTurn: first.lastTurn };
  }

  /** Brings the other keys in. @param isStopped asked from time to time whether to give up. */
  async load(isStopped: () => boolean): Promise<void> {
    let behind: Buffer | undefined;
    for (let isComplete = false; !isComplete; ) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isStopped()) return;
      isComplete = true;
      const sliceEnds = performance.now() + SLICE_MS;
      for (const { place, record } of this.#store.records(behind)) {
        behind = place;
        this.loadedKeys++;
        if (record === null) this.damagedRecords++;
        else if (record.sequence < this.#clearedAt) this.#outdated(record.key);
        else this.#keyspace.adopt(record.key, record);
        if (performance.now() < sliceEnds) continue;
        isComplete = false;
        break;
      }
    }
    this.#keyspace.loaded();
  }

  #apply(change: Exclude<Change, { kind: 'clear' | 'setting' }>): void {
    const { key } = change;
    this.#outdated(key);
    switch (change.kind) {
      case 'put':
        this.#keyspace.set(key, change.value);
        if (change.expiresAt !== undefined) this.#keyspace.setExpiry(key, change.expiresAt);
        return;
      case 'expiry':
        this.#keyspace.setExpiry(key, change.expiresAt);
        return;
      case 'delete':
        this.#keyspace.delete(key);
        return;
      case 'operations': {
        const value = this.#keyspace.peek(key);
        if (value === undefined) return;
        for (const operation of change.operations) applyOperation(value, operation);
        this.#keyspace.changed(key);
      }
    }
  }
}

export interface LogOutcome {
  readonly damage: LogDamage | null;
  /** Of the turns in the log. */
  readonly lastTurn: number;
}
