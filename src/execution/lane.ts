import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { ActiveCall } from './active-call.ts';
import type { RunTask, ScriptRequest, WorkerTask } from './messages.ts';
import type { HeldSession } from './session-memory.ts';

/** What is added to the niceness of a thread in the background: all others that want a core get about nine times as much of it. */
const BACKGROUND_NICENESS = 10;

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
  /** The call of a script under way. */
  call: ActiveCall | null = null;
  /** Monotonic ms of the last run: loads go to the thread that is used least. */
  lastRunAt = 0;
  readonly #replaced: (gone?: Promise<unknown>) => void;
  readonly #niceIncrement: number;
  #pool: Piscina;
  /** Where the thread's scripts ask; there once one has run. */
  #port: MessagePort | null = null;
  #underWay: Promise<unknown> = Promise.resolve();

  /**
   * @param replaced is called when the thread is gone, whatever it was doing, before its sessions are forgotten; with a promise where it was
   * only left, and goes when that is fulfilled.
   * @param isBackground whether the thread gives way to others. Only Linux has a priority of threads; elsewhere it would be the process's.
   */
  constructor(replaced: (gone?: Promise<unknown>) => void, isBackground: boolean) {
    this.#replaced = replaced;
    this.#niceIncrement = isBackground && process.platform === 'linux' ? BACKGROUND_NICENESS : 0;
    this.#pool = this.#open();
  }

  /** Whether its script waits for a run in another thread. */
  get waits(): boolean {
    return this.call?.waits === true;
  }

  /** @throws what the worker throws, or the signal's reason when it fires: another thread then takes the place of this one. */
  run(task: WorkerTask, signal: AbortSignal): Promise<unknown> {
    const done = this.#hand(task);
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
    this.call?.cut();
    await this.#underWay;
    await end(this.#pool);
    this.#port?.close();
  }

  #hand(task: WorkerTask): Promise<unknown> {
    if (task.kind !== 'run' || this.call === null || this.#port !== null) return this.#pool.run(task);
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (request: ScriptRequest) => {
      if (this.call?.message.callId === request.callId) void this.call.answer(request, port1);
    });
    port1.unref();
    this.#port = port1;
    const withPort: RunTask = { ...task, port: port2 };
    return this.#pool.run(withPort, { transferList: [port2] });
  }

  /**
   * The old thread is ended when it comes back: ending it inside the runtime takes its environment away, and the binding, which then
   * cannot say so, ends the process.
   */
  #leave(done: Promise<unknown>): void {
    const pool = this.#pool;
    this.call?.cut();
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
      niceIncrement: this.#niceIncrement,
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
    this.#port?.close();
    this.#port = null;
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
