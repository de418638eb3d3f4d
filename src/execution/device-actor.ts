import type { SessionOptions } from '../backends/backend.ts';
import type { NodeNames, StoredModel } from '../backends/model.ts';
import { errors, ServerError } from '../errors.ts';
import { countShared } from '../tensors/shared-memory.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { rowsOf } from './batch.ts';
import { Lane } from './lane.ts';
import type { LoadResult, RunResult } from './messages.ts';
import { type PendingRun, type QueueLimit, type RunOutcome, RunQueue } from './run-queue.ts';

export interface DeviceSettings extends SessionOptions {
  /** Runs of this device at the same time. */
  readonly threadsPerQueue: number;
  readonly executionTimeoutMs: number;
  readonly loadTimeoutMs: number;
}

export interface DeviceCounters {
  runs: number;
  timedOutRuns: number;
  workersReplaced: number;
  /** Sessions opened so far. */
  sessionsMade: number;
}

/** One task holds about this much work, so that small runs share a hand-over and nobody waits long for another's result. */
const TASK_BUDGET_US = 1000;
const COST_SMOOTHING = 0.2;

interface PendingLoad {
  readonly model: Pick<StoredModel, 'id' | 'backend' | 'blob'>;
  readonly nodes: NodeNames | null;
  readonly resolve: (result: LoadResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The only one that talks to a device's worker threads: owns the run queue, forms batches, applies timeouts.
 *
 * There is one thread more than runs may go on at the same time, so that one can load a model while the others run.
 * A model runs only where it has a session; it gets one more where it waits and a thread is free.
 */
export class DeviceActor {
  readonly name: string;
  readonly counters: DeviceCounters = { runs: 0, timedOutRuns: 0, workersReplaced: 0, sessionsMade: 0 };
  readonly #settings: DeviceSettings;
  readonly #lanes: Lane[];
  readonly #queue = new RunQueue();
  readonly #loads: PendingLoad[] = [];
  /** Sizes of the models that have sessions, by model id. */
  readonly #blobBytes = new Map<number, number>();
  /** Measured time of a run by model id, in us. */
  readonly #cost = new Map<number, number>();
  /** Models with a run that is past its deadline and still holds its thread: how many. */
  readonly #stuck = new Map<number, number>();
  /** Models that are gone: a command that began before may still hold one, and nobody would free its new session. */
  readonly #dropped = new WeakSet<StoredModel>();
  #timer: NodeJS.Timeout | null = null;
  #pumpQueued = false;
  #closed = false;

  constructor(name: string, settings: DeviceSettings) {
    this.name = name;
    this.#settings = settings;
    const replaced = () => {
      this.counters.workersReplaced++;
    };
    this.#lanes = Array.from({ length: settings.threadsPerQueue + 1 }, () => new Lane(replaced));
  }

  get queueLength(): number {
    return this.#queue.size;
  }

  /** Loaded models, once for each thread that has them; those that are still to be freed too. */
  get sessions(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.resident.size + lane.unloading.length, 0);
  }

  /** What the sessions hold at least: the bytes of their models, once for each. What the runtime takes besides it does not tell. */
  get sessionBytes(): number {
    let bytes = 0;
    for (const lane of this.#lanes) for (const id of lane.resident) bytes += this.#blobBytes.get(id) ?? 0;
    return bytes;
  }

  /** Threads that a run past its deadline still holds. */
  get stuckThreads(): number {
    return [...this.#stuck.values()].reduce((sum, n) => sum + n, 0);
  }

  /** Threads that are inside the runtime, or may be. */
  get busyThreads(): number {
    return this.stuckThreads + this.#lanes.filter((lane) => lane.busy !== 'idle').length;
  }

  /** CPU time of each thread in us, as of the end of its last task. */
  get cpuMicros(): number[] {
    return this.#lanes.map((lane) => Number(Atomics.load(lane.progress, 2)));
  }

  /** How many threads hold a session of the model. */
  sessionsOf(modelId: number): number {
    return this.#lanes.filter((lane) => lane.resident.has(modelId)).length;
  }

  /**
   * Loads a model in a worker and keeps it there.
   * @param nodes of a TF graph; null where the model itself has them.
   * @throws ServerError with the runtime's text when it is no good.
   */
  load(model: PendingLoad['model'], nodes: NodeNames | null): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      this.#loads.push({ model, nodes, resolve, reject });
      this.#pump();
    });
  }

  /**
   * Queues a run.
   * @param limit until when it may wait in the queue; the answer is then 'TIMEDOUT'.
   */
  run(model: StoredModel, inputs: readonly Tensor[], limit: QueueLimit): Promise<RunOutcome> {
    if (this.#stuck.has(model.id)) return Promise.reject(errors.executionBusy());
    if (this.#dropped.has(model)) return Promise.reject(errors.emptyModelKey());
    return new Promise((resolve, reject) => {
      const queuedAt = performance.now();
      this.#queue.push({ model, inputs, rows: rowsOf(inputs), queuedAt, limit, resolve, reject });
      this.#pumpSoon();
    });
  }

  /** Frees a model's sessions. Runs of it that wait, or come later, are answered as if the model was not there. */
  unload(model: StoredModel): void {
    this.#dropped.add(model);
    for (const run of this.#queue.takeModel(model.id)) run.reject(errors.emptyModelKey());
    this.#cost.delete(model.id);
    this.#blobBytes.delete(model.id);
    for (const lane of this.#lanes) {
      if (lane.resident.delete(model.id) || lane.loading === model.id) lane.unloading.push(model.id);
    }
    this.#freeIdle();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  /** Requests of one turn of the event loop are seen together, and so can share a task. */
  #pumpSoon(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    setImmediate(() => {
      this.#pumpQueued = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#closed) return;
    const now = performance.now();
    for (const run of this.#queue.takeExpired(now)) run.resolve('TIMEDOUT');
    this.#startLoad();
    const ready = this.#queue.readyModels(now);
    // Before others take the threads that are free: these would wait for as long as the others keep coming.
    this.#spread(ready.filter((model) => this.#isStranded(model)));
    for (const lane of this.#lanes) {
      if (lane.busy !== 'idle' || this.#running() >= this.#settings.threadsPerQueue) continue;
      const batches = this.#collect(lane, ready, now);
      if (batches.length > 0) void this.#dispatch(lane, batches);
    }
    if (this.#running() < this.#settings.threadsPerQueue) this.#spread(this.#queue.readyModels(now));
    this.#freeIdle();
    this.#setTimer(now);
  }

  #freeIdle(): void {
    for (const lane of this.#lanes) {
      if (lane.busy === 'idle' && lane.unloading.length > 0) void this.#free(lane);
    }
  }

  #running(): number {
    return this.#lanes.filter((lane) => lane.busy === 'run').length;
  }

  #collect(lane: Lane, ready: readonly StoredModel[], now: number): PendingRun[][] {
    const batches: PendingRun[][] = [];
    let cost = 0;
    for (const model of ready) {
      if (!lane.resident.has(model.id)) continue;
      while (cost < TASK_BUDGET_US) {
        const expected = this.#cost.get(model.id) ?? TASK_BUDGET_US;
        if (batches.length > 0 && cost + expected > TASK_BUDGET_US) break;
        const batch = this.#queue.take(model, now);
        if (batch === undefined) break;
        batches.push(batch);
        cost += expected;
      }
    }
    return batches;
  }

  /** Whether no thread will run it soon: those that have a session are loading something else, or there are none. */
  #isStranded(model: StoredModel): boolean {
    return !this.#lanes.some((lane) => lane.resident.has(model.id) && lane.busy !== 'load');
  }

  /** Whether the thread will have a session to offer in a moment, so that another one would be too many. */
  #willRun(lane: Lane, modelId: number): boolean {
    return lane.loading === modelId || (lane.busy === 'unload' && lane.resident.has(modelId));
  }

  /** Gives the first of these models that can have one a session in a free thread. */
  #spread(models: readonly StoredModel[]): void {
    for (const model of models) {
      if (this.#lanes.some((lane) => this.#willRun(lane, model.id))) continue;
      const lane = this.#freeLane(model.id);
      if (lane === undefined) continue;
      const reject = (error: Error) => {
        for (const run of this.#queue.takeModel(model.id)) run.reject(error);
      };
      const nodes = { inputs: model.inputs, outputs: model.outputs };
      void this.#loadIn(lane, { model, nodes, resolve: () => {}, reject });
      return;
    }
  }

  /** One load of a new model at a time. */
  #startLoad(): void {
    if (this.#lanes.some((lane) => lane.busy === 'load')) return;
    const next = this.#loads[0];
    if (next === undefined) return;
    const lane = this.#freeLane(next.model.id);
    if (lane === undefined) return;
    this.#loads.shift();
    void this.#loadIn(lane, next);
  }

  /** A free thread to load in: one without models, whose runs would wait meanwhile, else the one that ran least recently. */
  #freeLane(modelId: number): Lane | undefined {
    const free = this.#lanes.filter((lane) => lane.busy === 'idle' && !lane.resident.has(modelId));
    return free.find((lane) => lane.resident.size === 0) ?? free.sort((a, b) => a.lastRunAt - b.lastRunAt)[0];
  }

  async #loadIn(lane: Lane, load: PendingLoad): Promise<void> {
    const { model, nodes } = load;
    const { intraOpParallelism, interOpParallelism, loadTimeoutMs } = this.#settings;
    lane.busy = 'load';
    lane.loading = model.id;
    const abort = new AbortController();
    const thread = lane.thread();
    const timer = setTimeout(() => abort.abort(), loadTimeoutMs);
    try {
      const result = await lane.run(
        {
          kind: 'load',
          modelId: model.id,
          backend: model.backend,
          blob: model.blob,
          options: { intraOpParallelism, interOpParallelism },
          nodes,
        },
        abort.signal,
      );
      if (!lane.unloading.includes(model.id)) {
        lane.resident.add(model.id);
        this.#blobBytes.set(model.id, model.blob.byteLength);
        this.counters.sessionsMade++;
      }
      load.resolve(result as LoadResult);
    } catch (error) {
      if (abort.signal.aborted || this.#died(lane, thread)) {
        load.reject(abort.signal.aborted ? errors.loadTimeout() : errors.workerDied());
      } else load.reject(asBackendError(error));
    } finally {
      clearTimeout(timer);
      lane.busy = 'idle';
      lane.loading = null;
      this.#pump();
    }
  }

  async #dispatch(lane: Lane, batches: PendingRun[][]): Promise<void> {
    lane.busy = 'run';
    lane.lastRunAt = performance.now();
    const abort = new AbortController();
    const thread = lane.thread();
    const { progress } = lane;
    progress[0] = 0n;
    progress[1] = process.hrtime.bigint();
    const stopWatching = this.#watch(progress, abort);
    try {
      const results = (await lane.run(
        {
          kind: 'run',
          unload: lane.unloading.splice(0),
          progress,
          runs: batches.map((batch) => ({
            modelId: (batch[0] as PendingRun).model.id,
            requests: batch.map((run) => run.inputs),
          })),
        },
        abort.signal,
      )) as RunResult[];
      batches.forEach((batch, i) => {
        this.#settle(batch, results[i] as RunResult);
      });
    } catch (error) {
      this.#lost(progress, batches, abort.signal.aborted, thread, error);
    } finally {
      stopWatching();
      lane.busy = 'idle';
      this.#pump();
    }
  }

  /** Fires the abort when the run under way has gone on for longer than it may. */
  #watch(progress: Lane['progress'], abort: AbortController): () => void {
    const limit = this.#settings.executionTimeoutMs;
    let timer: NodeJS.Timeout;
    const check = () => {
      const ranMs = Number(process.hrtime.bigint() - Atomics.load(progress, 1)) / 1e6;
      if (ranMs >= limit) abort.abort();
      else timer = setTimeout(check, limit - ranMs + 1);
    };
    timer = setTimeout(check, limit);
    return () => clearTimeout(timer);
  }

  /** A task that ended without results: its culprit is answered, the others of the same task run again elsewhere. */
  #lost(
    progress: Lane['progress'],
    batches: PendingRun[][],
    late: boolean,
    thread: ReturnType<Lane['thread']>,
    error: unknown,
  ): void {
    const culprit = Number(Atomics.load(progress, 0));
    const batch = batches[culprit] ?? [];
    const modelId = batch[0]?.model.id;
    if (late) {
      this.counters.timedOutRuns++;
      if (modelId !== undefined) this.#setAside(modelId, thread);
    }
    const reason = late ? errors.executionTimeout() : errors.workerDied();
    reason.cause = error;
    for (const run of batch) {
      run.model.statistics.calls++;
      run.model.statistics.errors++;
      run.reject(reason);
    }
    if (late && modelId !== undefined) {
      for (const run of this.#queue.takeModel(modelId)) run.reject(errors.executionBusy());
    }
    for (const other of batches.filter((b) => b !== batch).reverse()) {
      const { model } = other[0] as PendingRun;
      if (this.#stuck.has(model.id)) for (const run of other) run.reject(errors.executionBusy());
      else if (this.#dropped.has(model)) for (const run of other) run.reject(errors.emptyModelKey());
      else for (const run of other.reverse()) this.#queue.push(run, true);
    }
  }

  /** The thread cannot be stopped inside the runtime; until it ends the model is refused, so that it holds one thread at most. */
  #setAside(modelId: number, thread: ReturnType<Lane['thread']>): void {
    this.#stuck.set(modelId, (this.#stuck.get(modelId) ?? 0) + 1);
    thread?.once('exit', () => {
      const left = (this.#stuck.get(modelId) ?? 1) - 1;
      if (left === 0) this.#stuck.delete(modelId);
      else this.#stuck.set(modelId, left);
    });
  }

  #died(lane: Lane, thread: ReturnType<Lane['thread']>): boolean {
    return thread !== undefined && lane.thread() !== thread;
  }

  #settle(batch: PendingRun[], result: RunResult): void {
    const first = batch[0] as PendingRun;
    const before = this.#cost.get(first.model.id);
    this.#cost.set(
      first.model.id,
      before === undefined ? result.durationUs : before + COST_SMOOTHING * (result.durationUs - before),
    );
    this.counters.runs++;
    const { outcome } = result;
    batch.forEach((run, i) => {
      const { statistics } = run.model;
      statistics.calls++;
      statistics.durationUs += Math.round(result.durationUs);
      if (typeof outcome === 'string') {
        statistics.errors++;
        run.reject(errors.backend(outcome));
      } else {
        statistics.samples += run.rows ?? 1;
        const outputs = outcome[i] as readonly Tensor[];
        for (const tensor of outputs) countShared(tensor.byteLength);
        run.resolve(outputs);
      }
    });
  }

  async #free(lane: Lane): Promise<void> {
    lane.busy = 'unload';
    try {
      await lane.run({ kind: 'unload', modelIds: lane.unloading.splice(0) }, new AbortController().signal);
    } catch {
      // The thread died, and the sessions with it.
    } finally {
      lane.busy = 'idle';
      this.#pump();
    }
  }

  #setTimer(now: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const next = this.#queue.nextChange(now);
    if (next !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.#pump(), Math.max(0, next - now) + 0.5);
  }
}

function asBackendError(error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  return errors.backend(error instanceof Error ? error.message : String(error));
}
