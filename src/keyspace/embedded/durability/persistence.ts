import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { KeyName, StoredValue } from '../../keyspace.ts';
import { freeze, type Snapshot, type SnapshotEntry } from '../../snapshot.ts';
import { applyOperation, collectionOf } from '../../values/operations.ts';
import type { EmbeddedKeyspace, KeyspaceJournal } from '../embedded-keyspace.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { FolderLock } from './folder-lock.ts';
import { type Change, decodeChange, encodeChange } from './record-codec.ts';
import { readLogs, WriteLog } from './write-log.ts';

/**
 * When a write is safe from a loss of power: before its reply leaves, within a second, or when the system likes. From the end of the process
 * alone it is safe in all three once its reply has left.
 */
export const DURABILITIES = ['always', 'everysec', 'off'] as const;
export type Durability = (typeof DURABILITIES)[number];

export interface PersistenceOptions {
  readonly folder: string;
  readonly durability: Durability;
  /** Tensors under such keys stay in memory only. */
  readonly isVolatile: (key: KeyName) => boolean;
  readonly failed: (error: Error) => void;
  readonly recovered: () => void;
}

const SYNC_INTERVAL_MS = 1000;
/** A checkpoint is due when the log has grown so far, or so long after the last one. */
const CHECKPOINT_BYTES = 64 * 1024 * 1024;
const CHECKPOINT_INTERVAL_MS = 60_000;
/** How long a checkpoint may hold up others at a time. */
const CHECKPOINT_SLICE_MS = 3;

const WHOLE = 1;
const CONTENT = 2;
const EXPIRY = 4;

/**
 * Writes the keyspace's changes down: at the end of each turn to a log that is only appended to, from time to time to LMDB, after which the
 * log begins anew. A start reads LMDB, then the log.
 */
export class Persistence implements KeyspaceJournal {
  durability: Durability;
  readonly #keyspace: EmbeddedKeyspace;
  readonly #options: PersistenceOptions;
  readonly #lock: FolderLock;
  readonly #store: CheckpointStore;
  readonly #log: WriteLog;
  /** What has changed in this turn, and how. */
  readonly #dirty = new Map<KeyName, number>();
  #cleared = false;
  /** Keys that the next checkpoint has to write. */
  #unsaved = new Set<KeyName>();
  #unsavedClear = false;
  /** Number of the last turn that was written. */
  #sequence = 0;
  #waiting: ((written: boolean) => void)[] = [];
  #commitQueued = false;
  #syncing: Promise<void> | null = null;
  #needsSync = false;
  #checkpoint: Promise<void> | null = null;
  #error: Error | null = null;
  readonly #timer: NodeJS.Timeout;
  #checkpointedAt = Date.now();
  #closed = false;

  /** Reads what is there into the keyspace, which has to be empty. @throws Error that says what is wrong with the folder. */
  constructor(keyspace: EmbeddedKeyspace, options: PersistenceOptions) {
    this.#keyspace = keyspace;
    this.#options = options;
    this.durability = options.durability;
    mkdirSync(options.folder, { recursive: true });
    this.#lock = new FolderLock(options.folder);
    try {
      this.#store = new CheckpointStore(path.join(options.folder, 'keys.mdb'));
      this.#load();
      this.#log = new WriteLog(options.folder);
    } catch (error) {
      this.#lock.release();
      throw new Error(`the data in ${options.folder} cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
    keyspace.journal = this;
    this.#timer = setInterval(() => this.#everySecond(), SYNC_INTERVAL_MS).unref();
  }

  /** Unix time of the last checkpoint, in ms. */
  get savedAt(): number {
    return this.#checkpointedAt;
  }

  /** Keys that changed since the last checkpoint. */
  get unsavedKeys(): number {
    return this.#unsaved.size;
  }

  get saving(): boolean {
    return this.#checkpoint !== null;
  }

  get logBytes(): number {
    return this.#log.bytes;
  }

  /** Why nothing can be written at present; null where all is well. */
  get error(): Error | null {
    return this.#error;
  }

  put(key: KeyName): void {
    this.#mark(key, WHOLE);
  }

  changed(key: KeyName): void {
    this.#mark(key, CONTENT);
  }

  expiry(key: KeyName): void {
    this.#mark(key, EXPIRY);
  }

  removed(key: KeyName): void {
    this.#mark(key, WHOLE);
  }

  cleared(): void {
    this.#dirty.clear();
    this.#cleared = true;
    this.#commitSoon();
  }

  /**
   * Whether replies have to wait until what they acknowledge is written; `release` is called then, with whether it could be.
   * So nobody sees a value that a crash could take back.
   */
  holds(release: (written: boolean) => void): boolean {
    if (!this.#commitQueued && !(this.durability === 'always' && this.#syncing !== null)) return false;
    this.#waiting.push(release);
    return true;
  }

  /** Writes all keys that changed since the last one to LMDB. @throws Error where that fails. */
  checkpoint(): Promise<void> {
    // Not at once: a checkpoint begins with the end of the turn, which may find that a checkpoint is due.
    this.#checkpoint ??= Promise.resolve()
      .then(() => this.#writeCheckpoint())
      .finally(() => {
        this.#checkpoint = null;
      });
    return this.#checkpoint;
  }

  /** All keys as they are at one moment, soon: what a checkpoint wrote, and what has changed since. @throws Error where the checkpoint fails. */
  async snapshot(): Promise<Snapshot> {
    await this.checkpoint();
    // Another one may have begun, and have written what this one would then miss.
    while (this.#checkpoint !== null) await this.#checkpoint;
    if (this.#closed) throw new Error('the node is closing');
    this.#commit();
    const changed = new Set(this.#unsaved);
    const frozen: (() => SnapshotEntry)[] = [];
    for (const key of changed) {
      const content = this.#keyspace.contentOf(key);
      if (content === undefined || this.#staysInMemory(key, content.value)) continue;
      frozen.push(freeze(key, content.value, content.expiresAt));
    }
    const stored = this.#unsavedClear ? null : this.#store.freeze();
    const { size: keys, expiring } = this.#keyspace;
    return {
      keys,
      expiring,
      *entries() {
        for (const entry of stored?.entries() ?? []) if (!changed.has(entry.key)) yield entry;
        for (const entry of frozen) yield entry();
      },
      close() {
        stored?.close();
        frozen.length = 0;
      },
    };
  }

  /** Writes what is left, ends with a checkpoint, so that the next start has no log to read, and lets the folder go. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#commit();
    if (this.#unsaved.size > 0 || this.#unsavedClear) await this.checkpoint().catch(() => {});
    this.#keyspace.journal = null;
    await this.#log.close().catch((error: Error) => this.#fail(error));
    await this.#store.close();
    this.#lock.release();
  }

  #mark(key: KeyName, how: number): void {
    this.#dirty.set(key, (this.#dirty.get(key) ?? 0) | how);
    this.#commitSoon();
  }

  #commitSoon(): void {
    if (this.#commitQueued) return;
    this.#commitQueued = true;
    setImmediate(() => this.#commit());
  }

  /** Ends the turn: one write for all that it changed. */
  #commit(): void {
    this.#commitQueued = false;
    const changes = this.#gather();
    if (changes.length > 0) {
      this.#sequence++;
      this.#log.append(changes.map((change) => encodeChange(this.#sequence, change)));
      this.#needsSync = true;
    }
    this.#write();
    if (this.durability === 'always') this.#syncThenRelease();
    else this.#release();
    if (this.#log.bytes > CHECKPOINT_BYTES) void this.checkpoint().catch(() => {});
  }

  #gather(): Change[] {
    const changes: Change[] = [];
    if (this.#cleared) {
      changes.push({ kind: 'clear' });
      this.#cleared = false;
      this.#unsaved.clear();
      this.#unsavedClear = true;
    }
    for (const [key, how] of this.#dirty) {
      this.#unsaved.add(key);
      changes.push(this.#changeOf(key, how));
    }
    this.#dirty.clear();
    return changes;
  }

  #changeOf(key: KeyName, how: number): Change {
    const content = this.#keyspace.contentOf(key);
    if (content === undefined || this.#staysInMemory(key, content.value)) return { kind: 'delete', key };
    const { value, expiresAt } = content;
    const collection = collectionOf(value);
    const operations = collection?.operations ?? null;
    // From here on the collection notes what is done to it.
    if (collection !== undefined) collection.operations = [];
    if ((how & WHOLE) !== 0 || ((how & CONTENT) !== 0 && operations === null)) {
      return { kind: 'put', key, expiresAt, value };
    }
    if ((how & CONTENT) === 0) return { kind: 'expiry', key, expiresAt };
    return (how & EXPIRY) !== 0
      ? { kind: 'put', key, expiresAt, value }
      : { kind: 'operations', key, operations: operations ?? [] };
  }

  #staysInMemory(key: KeyName, value: StoredValue): boolean {
    return value.type === 'tensor' && this.#options.isVolatile(key);
  }

  #write(): void {
    try {
      this.#log.write();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    if (this.#error === null) this.#options.failed(error);
    this.#error = error;
  }

  #release(): void {
    for (const release of this.#waiting.splice(0)) release(this.#error === null);
  }

  /** One sync for all who wait: those that come meanwhile wait for the next one. */
  #syncThenRelease(): void {
    if (this.#syncing !== null) return;
    const waiting = this.#waiting.splice(0);
    this.#syncing = this.#sync().then(() => {
      this.#syncing = null;
      for (const release of waiting) release(this.#error === null);
      if (this.#waiting.length > 0) this.#syncThenRelease();
    });
  }

  async #sync(): Promise<void> {
    if (!this.#needsSync) return;
    this.#needsSync = false;
    try {
      await this.#log.sync();
    } catch (error) {
      this.#needsSync = true;
      this.#fail(error as Error);
    }
  }

  #everySecond(): void {
    if (this.#error !== null) this.#recover();
    if (this.durability === 'everysec' && this.#syncing === null) {
      this.#syncing = this.#sync().then(() => {
        this.#syncing = null;
      });
    }
    const due = Date.now() - this.#checkpointedAt >= CHECKPOINT_INTERVAL_MS;
    if (due && this.#unsaved.size > 0) void this.checkpoint().catch(() => {});
  }

  #recover(): void {
    this.#error = null;
    this.#write();
    if (this.#error === null) this.#options.recovered();
  }

  async #writeCheckpoint(): Promise<void> {
    this.#commit();
    const rotated = this.#log.rotate();
    const keys = this.#unsaved;
    const cleared = this.#unsavedClear;
    this.#unsaved = new Set();
    this.#unsavedClear = false;
    let last: number;
    try {
      last = await rotated;
      this.#commit();
      if (cleared) this.#store.clear();
      let sliceEnds = performance.now() + CHECKPOINT_SLICE_MS;
      for (const key of keys) {
        this.#save(key);
        if (performance.now() < sliceEnds) continue;
        await new Promise((resolve) => setImmediate(resolve));
        // What the turn has changed must be in the log before any of it is in the store, or a crash could keep half of a transaction.
        this.#commit();
        sliceEnds = performance.now() + CHECKPOINT_SLICE_MS;
      }
      await this.#store.flushed();
    } catch (error) {
      for (const key of keys) this.#unsaved.add(key);
      this.#unsavedClear ||= cleared;
      this.#fail(error as Error);
      throw error;
    }
    this.#log.removeUpTo(last);
    this.#checkpointedAt = Date.now();
  }

  #save(key: KeyName): void {
    const content = this.#keyspace.contentOf(key);
    if (content === undefined || this.#staysInMemory(key, content.value)) this.#store.remove(key);
    else this.#store.put(this.#sequence, { kind: 'put', key, ...content });
  }

  #load(): void {
    const sequences = new Map<KeyName, number>();
    for (const { sequence, put } of this.#store.entries()) {
      this.#apply(put);
      sequences.set(put.key, sequence);
      this.#sequence = Math.max(this.#sequence, sequence);
    }
    for (const bytes of readLogs(this.#options.folder)) {
      const { sequence, change } = decodeChange(bytes);
      this.#sequence = Math.max(this.#sequence, sequence);
      if (change.kind === 'clear') {
        // Keys that were stored after this have to stay: their own changes are not done again.
        for (const key of [...this.#keyspace.keys()]) {
          if ((sequences.get(key) ?? 0) < sequence) this.#keyspace.delete(key);
        }
        this.#unsaved.clear();
        for (const key of this.#keyspace.keys()) this.#unsaved.add(key);
        this.#unsavedClear = true;
        continue;
      }
      if (sequence <= (sequences.get(change.key) ?? 0)) continue;
      this.#apply(change);
      this.#unsaved.add(change.key);
    }
  }

  #apply(change: Exclude<Change, { kind: 'clear' }>): void {
    const { key } = change;
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
        const value = this.#keyspace.contentOf(key)?.value;
        if (value === undefined) return;
        for (const operation of change.operations) applyOperation(value, operation);
        this.#keyspace.changed(key);
      }
    }
  }
}
