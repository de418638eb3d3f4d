import type { KeyName } from '../../keyspace.ts';
import type { Content } from '../embedded-keyspace.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { Unsaved } from './unsaved.ts';
import type { WriteLog } from './write-log.ts';

/** How long a checkpoint may hold up others at a time. */
const SLICE_MS = 3;
const LONGEST_SLICE_MS = 300;
/** With so many changes behind it, a checkpoint takes as much time as all others. */
const PRESSING_CHANGES = 25_000;

/** What a checkpoint is made of. */
export interface CheckpointSource {
  /** Number of the last turn that was written to the log. */
  readonly turn: number;
  readonly settings: ReadonlyMap<string, Uint8Array>;
  /** Undefined for a key that is gone, or stays in memory. */
  contentToKeep(key: KeyName): Content | undefined;
  /** Writes what the present turn has changed to the log. */
  commit(): void;
}

/** Writes what has changed to LMDB, after which the log begins anew. */
export class Checkpointer {
  readonly #source: CheckpointSource;
  #unsaved = new Unsaved();
  #writing: Promise<void> | null = null;
  #beganAt = 0;
  /** Unix time of the last checkpoint, in ms. */
  savedAt = Date.now();
  /** Checkpoints since the start. */
  written = 0;
  lastFailed = false;
  /** -1 where there was none. */
  lastSeconds = -1;

  constructor(source: CheckpointSource) {
    this.#source = source;
  }

  get unsaved(): Unsaved {
    return this.#unsaved;
  }

  /** The one that is being written; null where none is. */
  get writing(): Promise<void> | null {
    return this.#writing;
  }

  /** How long the one that is being written has taken so far; -1 where none is. */
  get seconds(): number {
    return this.#writing === null ? -1 : Math.floor((Date.now() - this.#beganAt) / 1000);
  }

  /**
   * Writes one, or waits for the one that is being written.
   * @param begin what has to be waited for; resolves to where to write. @throws Error where that fails, or writing does.
   */
  write(begin: () => Promise<{ store: CheckpointStore; log: WriteLog }>): Promise<void> {
    // Not at once: a checkpoint begins with the end of the turn, which may find that a checkpoint is due.
    this.#writing ??= Promise.resolve()
      .then(() => {
        this.#beganAt = Date.now();
        return begin();
      })
      .then(({ store, log }) => this.#write(store, log))
      .finally(() => {
        this.#writing = null;
      });
    return this.#writing;
  }

  async #write(store: CheckpointStore, log: WriteLog): Promise<void> {
    const source = this.#source;
    source.commit();
    const rotated = log.rotate(source.turn);
    const taken = this.#unsaved;
    this.#unsaved = new Unsaved();
    try {
      const last = await rotated;
      source.commit();
      if (taken.cleared) store.clear();
      for (const name of taken.settings) store.putSetting(name, source.settings.get(name));
      await this.#save(store, log, taken.keys);
      await store.flushed();
      log.removeUpTo(last);
    } catch (error) {
      this.#unsaved.add(taken);
      this.lastFailed = true;
      throw error;
    }
    this.savedAt = Date.now();
    this.written++;
    this.lastFailed = false;
    this.lastSeconds = Math.floor((this.savedAt - this.#beganAt) / 1000);
  }

  async #save(store: CheckpointStore, log: WriteLog, keys: ReadonlySet<KeyName>): Promise<void> {
    const source = this.#source;
    let sliceEnds = performance.now() + SLICE_MS;
    store.putTurn(source.turn);
    for (const key of keys) {
      const content = source.contentToKeep(key);
      if (content === undefined) store.remove(key);
      else store.put(source.turn, key, content.value, content.expiresAt);
      const now = performance.now();
      if (now < sliceEnds) continue;
      await new Promise((resolve) => setImmediate(resolve));
      const awayMs = performance.now() - now;
      // What the turn has changed must be in the log before any of it is in the store, or a crash could keep half of a transaction.
      source.commit();
      store.putTurn(source.turn);
      // In a flood of writes the log would grow faster than it is written down, and the next start would take as long as it is.
      const share = log.changes / PRESSING_CHANGES;
      sliceEnds = performance.now() + Math.max(SLICE_MS, Math.min(LONGEST_SLICE_MS, awayMs * share));
    }
  }
}
