import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { WorkerTask } from './messages.ts';
import type { HeldSession } from './session-memory.ts';

/**
 * One worker thread of a device's pool: a Piscina of exactly one, since sessions belong to the thread that made them and the actor
 * has to know which thread holds which.
 */
export class Lane {
  /** Models with a session in this thread. */
  readonly resident = new Set<number>();
  /** What counts for memory, by model: those, the one that is being loaded, and those that go. */
  readonly held = new Map<number, HeldSession>();
  /** The models of the run task under way. */
  running: ReadonlySet<number> = new Set();
  /** Models whose sessions go with the next task. */
  readonly unloading: number[] = [];
  /** Of the run task under way, see RunTask. */
  progress = newProgress();
  busy: 'idle' | 'load' | 'unload' | 'run' = 'idle';
  /** The model that is being loaded. */
  loading: number | null = null;
  /** Monotonic ms of the last run: loads go to the thread that is used least. */
  lastRunAt = 0;
  readonly #replaced: (gone?: Promise<unknown>) => void;
  #pool: Piscina;
  #underWay: Promise<unknown> = Promise.resolve();

  /**
   * @param replaced is called when the thread is gone, whatever it was doing, before its sessions are forgotten; with a promise where it was
   * only left, and goes when that is fulfilled.
   */
  constructor(replaced: (gone?: Promise<unknown>) => void) {
    this.#replaced = replaced;
    this.#pool = this.#open();
  }

  /** @throws what the worker throws, or the signal's reason when it fires: another thread then takes the place of this one. */
  run(task: WorkerTask, signal: AbortSignal): Promise<unknown> {
    const done = this.#pool.run(task);
    const answer = new Promise((resolve, reject) => {
      const leave = () => {
        this.#leave(done);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      const answered = () => signal.removeEventListener('abort', leave);
      done.then(resolve, reject).then(answered);
    });
    this.#underWay = answer.catch(() => {});
    return answer;
  }

  /** The thread that is running now. */
  thread(): Worker | undefined {
    return this.#pool.threads[0];
  }

  /** Ends the thread, once it is back from what it does or was left. */
  async close(): Promise<void> {
    await this.#underWay;
    await end(this.#pool);
  }

  /**
   * The old thread is ended when it comes back: ending it inside the runtime takes its environment away, and the binding, which then
   * cannot say so, ends the process.
   */
  #leave(done: Promise<unknown>): void {
    const pool = this.#pool;
    Atomics.store(this.progress, 3, 1n);
    this.progress = newProgress();
    this.#pool = this.#open();
    this.#forget(done.catch(() => {}).then(() => end(pool)));
  }

  #open(): Piscina {
    const pool = new Piscina({
      filename: new URL('./worker.ts', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      atomics: 'sync',
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    // A worker that dies rejects its task, where it is handled; the event as such needs an ear.
    pool.on('error', () => {});
    pool.on('workerDestroy', () => {
      if (pool === this.#pool) this.#forget();
    });
    return pool;
  }

  #forget(gone?: Promise<unknown>): void {
    this.#replaced(gone);
    this.resident.clear();
    this.held.clear();
    this.unloading.length = 0;
  }
}

async function end(pool: Piscina): Promise<void> {
  const close: WorkerTask = { kind: 'close' };
  // Where the thread is dead there is nothing left to close.
  await pool.run(close).catch(() => {});
  await pool.destroy();
}

function newProgress(): BigInt64Array<SharedArrayBuffer> {
  return new BigInt64Array(new SharedArrayBuffer(32));
}
