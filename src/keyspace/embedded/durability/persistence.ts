import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { KeyName } from '../../keyspace.ts';
import { collectionOf } from '../../values/operations.ts';
import type { Content, EmbeddedKeyspace, KeyspaceJournal } from '../embedded-keyspace.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { FolderLock } from './folder-lock.ts';
import type { LogDamage } from './log-reader.ts';
import { type Change, encodeChange } from './record-codec.ts';
import { Recovery } from './recovery.ts';
import { WriteLog } from './write-log.ts';

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
  /** Told when a log was cut where it is damaged. */
  readonly cut: (damage: LogDamage) => void;
}

/** Since the start. */
export interface CheckpointCounts {
  written: number;
  lastFailed: boolean;
  /** -1 where there was none. */
  lastSeconds: number;
}

const SYNC_INTERVAL_MS = 1000;
/** A checkpoint is due when the log has grown so far, or so long after the last one. A start reads so many changes in half a second. */
const CHECKPOINT_BYTES = 64 * 1024 * 1024;
const CHECKPOINT_CHANGES = 250_000;
const CHECKPOINT_INTERVAL_MS = 60_000;
/** How long a checkpoint may hold up others at a time. */
const CHECKPOINT_SLICE_MS = 3;

const MOST_RELOAD_TRIES = 10;

const WHOLE = 1;
const CONTENT = 2;
const EXPIRY = 4;

/**
 * Writes the keyspace's changes down: at the end of each turn to a log that is only appended to, from time to time to LMDB, after which the
 * log begins anew. A start reads LMDB, then the log.
 */
export class Persistence implements KeyspaceJournal {
  durability: Durability;
  /** Whether the end comes with a checkpoint, so that the next start has no log to read. */
  savesAtEnd = true;
  readonly #keyspace: EmbeddedKeyspace;
  readonly #options: PersistenceOptions;
  readonly #lock: FolderLock;
  readonly #store: CheckpointStore;
  readonly #log: WriteLog;
  readonly #settings: Map<string, Uint8Array>;
  /** What has changed in this turn, and how. */
  readonly #dirty = new Map<KeyName, number>();
  readonly #dirtySettings = new Set<string>();
  #cleared = false;
  /** Keys that the next checkpoint has to write. */
  #unsaved = new Set<KeyName>();
  #unsavedSettings = new Set<string>();
  #unsavedClear = false;
  /** Number of the last turn that was written. */
  #sequence = 0;
  #waiting: ((written: boolean) => void)[] = [];
  #commitQueued = false;
  #syncing: Promise<void> | null = null;
  #needsSync = false;
  #checkpoint: Promise<void> | null = null;
  /** Resolves when all keys of the last checkpoint are in memory, or known to be on the disk. */
  #loading: Promise<void> = Promise.resolve();
  #error: Error | null = null;
  /** What is wrong with the database for good. */
  #damage: Error | null = null;
  readonly #timer: NodeJS.Timeout;
  #checkpointedAt = Date.now();
  #checkpointBegan = 0;
  readonly checkpoints: CheckpointCounts = { written: 0, lastFailed: false, lastSeconds: -1 };
  #closed = false;

  /**
   * Makes the keyspace, which has to be empty, serve what is there; most of it comes in later.
   * @throws Error that says what is wrong with the folder.
   */
  constructor(keyspace: EmbeddedKeyspace, options: PersistenceOptions) {
    this.#keyspace = keyspace;
    this.#options = options;
    this.durability = options.durability;
    mkdirSync(options.folder, { recursive: true });
    this.#lock = new FolderLock(options.folder);
    try {
      this.#store = new CheckpointStore(path.join(options.folder, 'keys.mdb'));
      this.#settings = this.#store.settings();
      this.#log = new WriteLog(options.folder, this.#recover());
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

  /** How long the checkpoint that is being written has taken so far; -1 where none is. */
  get savingSeconds(): number {
    return this.saving ? Math.floor((Date.now() - this.#checkpointBegan) / 1000) : -1;
  }

  get logBytes(): number {
    return this.#log.bytes;
  }

  /** Why nothing can be written at present; null where all is well. */
  get error(): Error | null {
    return this.#error ?? this.#damage;
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

  /** Settings of the node that are kept with its keys: what was put last, at an earlier start too. */
  get settings(): ReadonlyMap<string, Uint8Array> {
    return this.#settings;
  }

  /** Keeps a setting; undefined takes it away. */
  putSetting(name: string, value: Uint8Array | undefined): void {
    if (value === undefined) this.#settings.delete(name);
    else this.#settings.set(name, value);
    this.#dirtySettings.add(name);
    this.#commitSoon();
  }

  /** Resolves when all keys that were there at the start are in memory, or known to be on the disk. */
  get loaded(): Promise<void> {
    return this.#loading;
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

  /**
   * Writes all keys down and reads them back. Tensors that stay in memory only are gone then.
   * @throws Error where it cannot be written, or others write faster than this does.
   */
  async reload(): Promise<void> {
    for (let tries = 0; ; tries++) {
      await this.checkpoint();
      this.#commit();
      if (!this.#hasUnsaved) break;
      if (tries === MOST_RELOAD_TRIES) throw new Error('keys are being changed all the time');
    }
    this.#keyspace.forget();
    this.#loading = this.#load(new Recovery(this.#keyspace, this.#store, (key) => this.#unsaved.add(key)));
    await this.#loading;
  }

  /** Writes what is left and lets the folder go. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#commit();
    const isLoading = this.#keyspace.loading !== null;
    await this.#loading;
    if (this.savesAtEnd && !isLoading && this.#hasUnsaved) await this.checkpoint().catch(() => {});
    await this.#checkpoint?.catch(() => {});
    this.#keyspace.journal = null;
    await this.#log.close().catch((error: Error) => this.#fail(error));
    await this.#store.close();
    this.#lock.release();
  }

  get #hasUnsaved(): boolean {
    return this.#unsaved.size > 0 || this.#unsavedClear || this.#unsavedSettings.size > 0;
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
    const isLong = this.#log.bytes > CHECKPOINT_BYTES || this.#log.changes > CHECKPOINT_CHANGES;
    if (isLong) void this.checkpoint().catch(() => {});
  }

  #gather(): Change[] {
    const changes: Change[] = [];
    if (this.#cleared) {
      changes.push({ kind: 'clear' });
      this.#cleared = false;
      this.#unsaved.clear();
      this.#unsavedClear = true;
    }
    for (const name of this.#dirtySettings) {
      this.#unsavedSettings.add(name);
      changes.push({ kind: 'setting', name, value: this.#settings.get(name) });
    }
    this.#dirtySettings.clear();
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
    // One that has not been asked for cannot have changed.
    if (value.type === 'onDisk') return { kind: 'expiry', key, expiresAt };
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

  #staysInMemory(key: KeyName, value: Content['value']): boolean {
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
    this.#beginSync(this.#waiting.splice(0));
  }

  #beginSync(waiting: readonly ((written: boolean) => void)[]): void {
    this.#syncing = this.#sync().then(() => {
      this.#syncing = null;
      for (const release of waiting) release(this.#error === null);
      // A turn that has not ended is not in the log: who waits for it may not go with a sync that begins now, but with its commit's.
      if (this.#waiting.length > 0 && !this.#commitQueued) this.#syncThenRelease();
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
    if (this.#error !== null) this.#tryAgain();
    if (this.durability === 'everysec' && this.#syncing === null) this.#beginSync([]);
    const due = Date.now() - this.#checkpointedAt >= CHECKPOINT_INTERVAL_MS;
    if (due && this.#unsaved.size > 0) void this.checkpoint().catch(() => {});
  }

  #tryAgain(): void {
    this.#error = null;
    this.#write();
    if (this.#error === null) this.#options.recovered();
  }

  async #writeCheckpoint(): Promise<void> {
    this.#checkpointBegan = Date.now();
    await this.#loading;
    if (this.#keyspace.loading !== null) throw new Error('the node ends before all its keys are there');
    this.#commit();
    const rotated = this.#log.rotate(this.#sequence);
    const taken = { keys: this.#unsaved, settings: this.#unsavedSettings, cleared: this.#unsavedClear };
    this.#unsaved = new Set();
    this.#unsavedSettings = new Set();
    this.#unsavedClear = false;
    let last: number;
    try {
      last = await rotated;
      this.#commit();
      if (taken.cleared) this.#store.clear();
      for (const name of taken.settings) this.#store.putSetting(name, this.#settings.get(name));
      await this.#save(taken.keys);
      await this.#store.flushed();
    } catch (error) {
      for (const key of taken.keys) this.#unsaved.add(key);
      for (const name of taken.settings) this.#unsavedSettings.add(name);
      this.#unsavedClear ||= taken.cleared;
      this.checkpoints.lastFailed = true;
      this.#fail(error as Error);
      throw error;
    }
    this.#log.removeUpTo(last);
    this.#checkpointedAt = Date.now();
    this.checkpoints.written++;
    this.checkpoints.lastFailed = false;
    this.checkpoints.lastSeconds = Math.floor((this.#checkpointedAt - this.#checkpointBegan) / 1000);
  }

  async #save(keys: ReadonlySet<KeyName>): Promise<void> {
    let sliceEnds = performance.now() + CHECKPOINT_SLICE_MS;
    this.#store.putTurn(this.#sequence);
    for (const key of keys) {
      const content = this.#keyspace.contentOf(key);
      if (content === undefined || this.#staysInMemory(key, content.value)) this.#store.remove(key);
      else this.#store.put(this.#sequence, key, content.value, content.expiresAt);
      if (performance.now() < sliceEnds) continue;
      await new Promise((resolve) => setImmediate(resolve));
      // What the turn has changed must be in the log before any of it is in the store, or a crash could keep half of a transaction.
      this.#commit();
      this.#store.putTurn(this.#sequence);
      sliceEnds = performance.now() + CHECKPOINT_SLICE_MS;
    }
  }

  /** @returns the last turn that the log has. */
  #recover(): number {
    const recovery = new Recovery(this.#keyspace, this.#store, (key) => this.#unsaved.add(key));
    const { damage, lastTurn } = recovery.readLog(this.#options.folder, (name, value) => {
      if (value === undefined) this.#settings.delete(name);
      else this.#settings.set(name, value);
      this.#unsavedSettings.add(name);
    });
    if (damage !== null) this.#options.cut(damage);
    this.#sequence = Math.max(lastTurn, this.#store.turn);
    this.#loading = this.#load(recovery);
    return lastTurn;
  }

  async #load(recovery: Recovery): Promise<void> {
    await recovery.load(() => this.#closed);
    if (recovery.damagedKeys > 0) {
      this.#damage = new Error(`${recovery.damagedKeys} keys in the database are damaged`);
      this.#options.failed(this.#damage);
    }
  }
}
