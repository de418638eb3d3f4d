import { mkdirSync } from 'node:fs';
import type { KeyName } from '../../keyspace.ts';
import { freeze, type Snapshot, type SnapshotEntry } from '../../snapshot.ts';
import type { Content, EmbeddedKeyspace, KeyspaceJournal } from '../embedded-keyspace.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { Checkpointer, type CheckpointSource } from './checkpointer.ts';
import type { DamagedStore } from './damaged-store.ts';
import { FolderLock } from './folder-lock.ts';
import { type LogDamage, LogReader } from './log-reader.ts';
import { openStore } from './open-store.ts';
import { encodeChange } from './record-codec.ts';
import { Recovery } from './recovery.ts';
import { TurnChanges } from './turn-changes.ts';
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

const SYNC_INTERVAL_MS = 1000;
/** A checkpoint is due when the log has grown so far, or so long after the last one. A start reads so many changes in half a second. */
const CHECKPOINT_BYTES = 64 * 1024 * 1024;
const CHECKPOINT_CHANGES = 100_000;
const CHECKPOINT_INTERVAL_MS = 60_000;
const MOST_RELOAD_TRIES = 10;

/**
 * Writes the keyspace's changes down: at the end of each turn to a log that is only appended to, from time to time to LMDB, after which the
 * log begins anew. A start reads LMDB, then the log.
 */
export class Persistence implements KeyspaceJournal, CheckpointSource {
  durability: Durability;
  /** Whether the end comes with a checkpoint, so that the next start has no log to read. */
  savesAtEnd = true;
  readonly #keyspace: EmbeddedKeyspace;
  readonly #options: PersistenceOptions;
  readonly #store: CheckpointStore | DamagedStore;
  /** Null while the folder can only be read. */
  #lock: FolderLock | null;
  /** Null while nothing can be written. */
  #log: WriteLog | null = null;
  readonly checkpoints = new Checkpointer(this);
  readonly #settings: Map<string, Uint8Array>;
  readonly #opened: () => void;
  readonly #changes = new TurnChanges();
  #turn = 0;
  #waiting: ((written: boolean) => void)[] = [];
  #commitQueued = false;
  #syncing: Promise<void> | null = null;
  #needsSync = false;
  /** Resolves when all keys of the last checkpoint are in memory, or known to be on the disk. */
  #loading: Promise<void> = Promise.resolve();
  readonly #ready = Promise.withResolvers<void>();
  #error: Error | null = null;
  /** What is wrong with the database for good. */
  #damage: Error | null = null;
  readonly #timer: NodeJS.Timeout;
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
    this.#lock = lockUnlessReadOnly(options.folder, (error) => this.#fail(error));
    try {
      const { store, damage, opened } = openStore(options.folder, this.#lock === null);
      this.#store = store;
      this.#opened = opened;
      if (damage !== null) this.#databaseDamaged(damage);
      this.#settings = store.settings();
      const isWritable = this.#lock !== null && damage === null;
      const lastTurn = this.#recover(isWritable);
      if (isWritable) this.#log = new WriteLog(options.folder, lastTurn);
    } catch (error) {
      this.#lock?.release();
      throw new Error(`the data in ${options.folder} cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
    keyspace.journal = this;
    this.#timer = setInterval(() => this.#everySecond(), SYNC_INTERVAL_MS).unref();
  }

  get turn(): number {
    return this.#turn;
  }

  get logBytes(): number {
    return this.#log?.bytes ?? 0;
  }

  /** Why nothing can be written at present; null where all is well. */
  get error(): Error | null {
    return this.#error ?? this.#damage;
  }

  put(key: KeyName): void {
    this.#changes.whole(key);
    this.#commitSoon();
  }

  changed(key: KeyName): void {
    this.#changes.content(key);
    this.#commitSoon();
  }

  expiry(key: KeyName): void {
    this.#changes.expiry(key);
    this.#commitSoon();
  }

  removed(key: KeyName): void {
    this.#changes.whole(key);
    this.#commitSoon();
  }

  cleared(): void {
    this.#changes.clear();
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
    this.#changes.setting(name);
    this.#commitSoon();
  }

  /** Resolves when all keys that were there at the start are in memory, or known to be on the disk. */
  get loaded(): Promise<void> {
    return this.#loading;
  }

  /** Resolves when it is time to serve: there are few keys, and all are here, or too many to wait for. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /**
   * Whether replies have to wait until what they acknowledge is written; `release` is called then, with whether it could be.
   * So nobody sees a value that a crash could take back.
   */
  holds(release: (written: boolean) => void): boolean {
    // A turn that cannot be written can only hold what nobody asked for, such as keys that expired.
    if (this.error !== null) return false;
    if (!this.#commitQueued && !(this.durability === 'always' && this.#syncing !== null)) return false;
    this.#waiting.push(release);
    return true;
  }

  /** Writes all keys that changed since the last one to LMDB. @throws Error where that fails. */
  checkpoint(): Promise<void> {
    return this.checkpoints
      .write(async () => {
        await this.#loading;
        if (this.#keyspace.loading !== null) throw new Error('the node ends before all its keys are there');
        const [store, log] = [this.#store, this.#log];
        if (log === null || !(store instanceof CheckpointStore)) {
          throw this.error ?? new Error('the data folder can only be read');
        }
        return { store, log };
      })
      .catch((error: Error) => {
        this.#fail(error);
        throw error;
      });
  }

  contentToKeep(key: KeyName): Content | undefined {
    const content = this.#keyspace.contentOf(key);
    const staysInMemory = content?.value.type === 'tensor' && this.#options.isVolatile(key);
    return staysInMemory ? undefined : content;
  }

  /** All keys as they are at one moment, soon: what a checkpoint wrote, and what has changed since. @throws Error where the checkpoint fails. */
  async snapshot(): Promise<Snapshot> {
    // Where nothing can be written there is no need to: nothing has changed since the start but what has expired.
    if (this.#log === null) await this.#loading;
    else await this.checkpoint();
    // Another one may have begun, and have written what this one would then miss.
    while (this.checkpoints.writing !== null) await this.checkpoints.writing;
    if (this.#closed) throw new Error('the node is closing');
    this.commit();
    const { unsaved } = this.checkpoints;
    const changed = new Set(unsaved.keys);
    const stored = unsaved.cleared ? null : this.#store.freeze();
    const frozen: (() => SnapshotEntry)[] = [];
    for (const key of changed) {
      const content = this.contentToKeep(key);
      if (content === undefined) continue;
      const { value, expiresAt } = content;
      if (value.type !== 'onDisk') frozen.push(freeze(key, value, expiresAt));
      else if (stored !== null) frozen.push(() => ({ ...stored.entry(key), expiresAt }));
    }
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

  /**
   * Writes all keys down and reads them back. Tensors that stay in memory only are gone then.
   * @throws Error where it cannot be written, or others write faster than this does.
   */
  async reload(): Promise<void> {
    for (let tries = 0; ; tries++) {
      await this.checkpoint();
      this.commit();
      if (this.checkpoints.unsaved.isEmpty) break;
      if (tries === MOST_RELOAD_TRIES) throw new Error('keys are being changed all the time');
    }
    this.#keyspace.forget();
    this.#loading = this.#load(this.#recovery());
    await this.#loading;
  }

  /** Writes what is left and lets the folder go. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.commit();
    const isLoading = this.#keyspace.loading !== null;
    await this.#loading;
    const isDue = this.#log !== null && this.savesAtEnd && !isLoading && !this.checkpoints.unsaved.isEmpty;
    if (isDue) await this.checkpoint().catch(() => {});
    await this.checkpoints.writing?.catch(() => {});
    this.#keyspace.journal = null;
    await this.#log?.close().catch((error: Error) => this.#fail(error));
    await this.#store.close();
    this.#opened();
    this.#lock?.release();
  }

  #commitSoon(): void {
    if (this.#commitQueued) return;
    this.#commitQueued = true;
    setImmediate(() => this.commit());
  }

  /** Ends the turn: one write for all that it changed. */
  commit(): void {
    this.#commitQueued = false;
    // What changes without a command waits until the folder can be written.
    const log = this.#log;
    if (log === null) return;
    const changes = this.#changes.take(this, this.checkpoints.unsaved);
    if (changes.length > 0) {
      this.#turn++;
      log.append(changes.map((change) => encodeChange(this.#turn, change)));
      this.#needsSync = true;
    }
    this.#write(log);
    if (this.durability === 'always') this.#syncThenRelease();
    else this.#release();
    const isLong = log.bytes > CHECKPOINT_BYTES || log.changes > CHECKPOINT_CHANGES;
    if (isLong && this.checkpoints.writing === null) void this.checkpoint().catch(() => {});
  }

  #write(log: WriteLog): void {
    try {
      log.write();
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
      await this.#log?.sync();
    } catch (error) {
      this.#needsSync = true;
      this.#fail(error as Error);
    }
  }

  #everySecond(): void {
    if (this.#error !== null) this.#tryAgain();
    if (this.durability === 'everysec' && this.#syncing === null) this.#beginSync([]);
    const { savedAt, unsaved } = this.checkpoints;
    const isDue = Date.now() - savedAt >= CHECKPOINT_INTERVAL_MS && !unsaved.isEmpty;
    if (isDue && this.error === null) void this.checkpoint().catch(() => {});
  }

  #tryAgain(): void {
    const before = this.#error;
    this.#error = null;
    if (this.#log === null) this.#becomeWritable();
    if (this.#log !== null) this.#write(this.#log);
    if (this.#error === null) this.#options.recovered();
    // Said once.
    else this.#error = before;
  }

  /** The folder could only be read at the start. */
  #becomeWritable(): void {
    const { folder } = this.#options;
    const store = this.#store;
    if (!(store instanceof CheckpointStore)) return;
    try {
      this.#lock = new FolderLock(folder);
      // As another process would find it: nobody has written to it since.
      const log = new LogReader(folder);
      for (const _ of log.turns());
      store.openForWriting();
      this.#log = new WriteLog(folder, log.lastTurn);
    } catch (error) {
      this.#lock?.release();
      this.#lock = null;
      this.#error = error as Error;
    }
  }

  /** @returns the last turn that the log has. */
  #recover(isWritable: boolean): number {
    const recovery = this.#recovery();
    const { unsaved } = this.checkpoints;
    const log = new LogReader(this.#options.folder, !isWritable);
    recovery.readLog(log, (name, value) => {
      if (value === undefined) this.#settings.delete(name);
      else this.#settings.set(name, value);
      unsaved.settings.add(name);
    });
    if (log.damage !== null) this.#options.cut(log.damage);
    this.#turn = Math.max(log.lastTurn, this.#store.turn);
    this.#loading = this.#load(recovery);
    return log.lastTurn;
  }

  #recovery(): Recovery {
    return new Recovery(this.#keyspace, this.#store, (key) => this.checkpoints.unsaved.keys.add(key));
  }

  async #load(recovery: Recovery): Promise<void> {
    await recovery.load(
      () => this.#closed,
      () => this.#ready.resolve(),
    );
    if (!this.#closed) this.#opened();
    if (recovery.damagedKeys > 0) {
      this.#databaseDamaged(`${recovery.damagedKeys} keys in the database are damaged`);
    }
  }

  #databaseDamaged(what: string): void {
    this.#damage ??= new Error(what);
    this.#options.failed(new Error(what));
  }
}

/** The system's words for a folder that can be read and not written. */
const READ_ONLY = new Set(['EROFS', 'EACCES', 'EPERM']);

/** @returns null where the folder can only be read. @throws Error where another process has it. */
function lockUnlessReadOnly(folder: string, readOnly: (error: Error) => void): FolderLock | null {
  try {
    return new FolderLock(folder);
  } catch (error) {
    if (!READ_ONLY.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    readOnly(error as Error);
    return null;
  }
}
