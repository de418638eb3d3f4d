import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { WorkerTask } from './messages.ts';

/**
 * One worker thread of a device's pool: a Piscina of exactly one, since sessions belong to the thread that made them and the actor
 * has to know which thread holds which.
 */
export class Lane {
  /** Models with a session in this thread. */
  readonly resident = new Set<number>();
  /** Models whose sessions go with the next task. */
  readonly unloading: number[] = [];
  readonly progress = new BigInt64Array(new SharedArrayBuffer(16));
  busy: 'idle' | 'load' | 'unload' | 'run' = 'idle';
  /** The model that is being loaded. */
  loading: number | null = null;
  /** Monotonic ms of the last run: loads go to the thread that is used least. */
  lastRunAt = 0;
  readonly #pool: Piscina;

  /** @param replaced is called when the thread is gone, whatever it was doing; its sessions are forgotten then. */
  constructor(replaced: () => void) {
    this.#pool = new Piscina({
      filename: new URL('./worker.ts', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      atomics: 'sync',
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    // A worker that dies rejects its task, where it is handled; the event as such needs an ear.
    this.#pool.on('error', () => {});
    this.#pool.on('workerDestroy', () => {
      this.resident.clear();
      this.unloading.length = 0;
      replaced();
    });
  }

  /** @throws what the worker throws, or an AbortError when the signal fires: the thread is then left to end by itself and replaced. */
  run(task: WorkerTask, signal: AbortSignal): Promise<unknown> {
    return this.#pool.run(task, { signal });
  }

  /** The thread that is running now. */
  thread(): Worker | undefined {
    return this.#pool.threads[0];
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
