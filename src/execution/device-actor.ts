import type { ModelSignature } from '../backends/backend.ts';
import type { NodeNames, Runnable } from '../backends/model.ts';
import { errors } from '../errors.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import type { RunMetrics } from '../observability/run-metrics.ts';
import { countShared } from '../tensors/shared-memory.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { ActiveCall, type PendingCall } from './active-call.ts';
import { rowsOf } from './batch.ts';
import { countedAnswers } from './counted-answers.ts';
import type { PlacedSettings } from './devices.ts';
import { Lane } from './lane.ts';
import type { LoadResult, RunResult } from './messages.ts';
import { asPerformanceTime } from './monotonic-clock.ts';
import { type PendingRun, type QueueLimit, type RunOutcome, RunQueue } from './run-queue.ts';
import type { SessionHolder, SessionMemory } from './session-memory.ts';
import { type LoadableModel, SessionPlacement } from './session-placement.ts';
import { ThreadTime } from './thread-time.ts';

export interface DeviceCounters {
  runs: number;
  /** Runs that found the queue full. */
  refusedRuns: number;
  timedOutRuns: number;
  workersReplaced: number;
  /** Sessions opened so far. */
  sessionsMade: number;
}

/** One task holds about this much work, so that small runs share a hand-over and nobody waits long for another's result. */
const TASK_BUDGET_US = 1000;

/** A script is cut by its own thread; where that does not come back in time, the thread is given up. */
const SCRIPT_GRACE_MS = 1000;

export interface RunOptions {
  /** What to do with a script. */
  readonly call?: PendingCall;
  /** Whether a script waits for it, which holds a thread meanwhile. */
  readonly awaited?: true;
  /** Told the time inside of the runtime in us, with others that were in the same batch. */
  readonly measured?: (computeUs: number) => void;
}

/** Requests that run together. */
interface Batch {
  readonly model: Runnable;
  readonly runs: readonly PendingRun[];
  readonly expectedUs: number;
}

/**
 * The only one that talks to a device's worker threads: owns the run queue, forms batches, applies timeouts.
 *
 * There is one thread more than runs may go on at the same time, so that one can load a model while the others run.
 * A model runs only where it has a session; it gets one more where it waits and a thread is free.
 */
export class DeviceActor implements SessionHolder {
  readonly name: string;
  readonly #counters = { runs: 0, refusedRuns: 0, timedOutRuns: 0, workersReplaced: 0 };
  readonly #settings: PlacedSettings;
  /** Runs at the same time. */
  readonly #mostRuns: number;
  readonly #lanes: Lane[];
  readonly #queue = new RunQueue();
  readonly #placement: SessionPlacement;
  readonly #memory: SessionMemory;
  readonly #metrics: RunMetrics;
  readonly #threadTime = new ThreadTime();
  /** Models with a run that is past its deadline and still holds its thread: how many. */
  readonly #stuck = new Map<number, number>();
  /** Models that scripts wait for: how many. */
  readonly #awaited = new Map<number, number>();
  /** Models that are gone: a command that began before may still hold one, and nobody would free its new session. */
  readonly #dropped = new WeakSet<Runnable>();
  #timer: NodeJS.Timeout | null = null;
  #pumpQueued = false;
  #closed = false;

  /**
   * @param memory of all sessions of the node.
   * @param metrics where runs are counted.
   * @param isBackground whether nobody waits for its runs: one at a time, in threads of lower priority, and no session has to go for its own.
   */
  constructor(
    name: string,
    settings: PlacedSettings,
    memory: SessionMemory,
    metrics: RunMetrics,
    isBackground = false,
  ) {
    this.name = name;
    this.#settings = settings;
    this.#memory = memory;
    this.#metrics = metrics;
    this.#mostRuns = isBackground ? 1 : settings.threadsPerQueue;
    this.#lanes = Array.from({ length: this.#mostRuns + 1 }, () => {
      const lane: Lane = new Lane((gone) => {
        this.#counters.workersReplaced++;
        this.#placement.forget(lane, gone);
      }, isBackground);
      return lane;
    });
    this.#placement = new SessionPlacement(this.#lanes, settings, memory, this, {
      makesRoom: !isBackground,
      changed: () => this.#eased(),
      isAwaited: (modelId) => this.#awaited.has(modelId),
      readySince: (modelId) => this.#queue.readySince(modelId, performance.now()),
      failed: (model, error) => {
        for (const run of this.#queue.takeModel(model.id)) run.reject(error);
      },
    });
  }

  get queueLength(): number {
    return this.#queue.size;
  }

  get counters(): DeviceCounters {
    return { ...this.#counters, sessionsMade: this.#placement.sessionsMade };
  }

  /** Loaded models, once for each thread that has them; those that are still to be freed too. */
  get sessions(): number {
    return this.#placement.sessions;
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
    return this.#placement.sessionsOf(modelId);
  }

  /**
   * Loads a model in a worker and keeps it there.
   * @param nodes of a TF graph; null where the model itself has them.
   * @throws ServerError with the runtime's text when it is no good.
   */
  load(model: LoadableModel, nodes: NodeNames | null): Promise<LoadResult> {
    const loaded = this.#placement.load(model, nodes);
    this.#pump();
    return loaded;
  }

  /**
   * What the model takes and gives, as far as that is known before a run. Loads it where it has not been loaded yet.
   * @throws ServerError with the runtime's text when it is no good, or when it is gone.
   */
  async signature(model: Runnable): Promise<ModelSignature | undefined> {
    if (this.#dropped.has(model)) throw gone(model);
    const described = this.#placement.describe(model);
    this.#pump();
    const { signature } = await described;
    if (!this.#dropped.has(model)) return signature;
    this.#placement.drop(model.id);
    throw gone(model);
  }

  /**
   * Queues a run.
   * @param key that the model lies under: what its runs are counted by.
   * @param limit until when it may wait in the queue; the answer is then 'TIMEDOUT'.
   * @throws ServerError when the queue is full, the model is gone or set aside, or the run fails.
   */
  run(
    key: KeyName,
    model: Runnable,
    inputs: readonly Tensor[],
    limit: QueueLimit,
    { call, awaited, measured }: RunOptions = {},
  ): Promise<RunOutcome> {
    if (this.#dropped.has(model)) return Promise.reject(gone(model));
    const series = this.#metrics.of(this.name, key, model);
    if (this.#stuck.has(model.id)) {
      series.failures.refused++;
      return Promise.reject(errors.executionBusy());
    }
    if (this.#queue.size >= this.#settings.maxQueueLength) {
      this.#counters.refusedRuns++;
      series.failures.refused++;
      return Promise.reject(errors.queueFull());
    }
    series.pending++;
    const outcome = new Promise<RunOutcome>((resolve, reject) => {
      const queuedAt = performance.now();
      this.#queue.push({
        ...{ model, series, inputs, rows: rowsOf(inputs), queuedAt, limit, call, measured },
        ...countedAnswers(series, resolve, reject),
      });
      this.#pumpSoon();
    });
    if (awaited !== true) return outcome;
    this.#await(model.id, 1);
    return outcome.finally(() => this.#await(model.id, -1));
  }

  /** Frees a model's sessions. Runs of it that wait, or come later, are answered as if the model was not there. */
  unload(model: Runnable): void {
    this.#dropped.add(model);
    for (const run of this.#queue.takeModel(model.id)) run.reject(gone(model));
    this.#placement.drop(model.id);
    // It may have waited for room, in front of others.
    this.#pumpSoon();
  }

  /** There may be room now for a model that had none. */
  retry(): void {
    this.#pumpSoon();
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
    const waited = this.#memory.withdraw(this);
    for (const run of this.#queue.takeExpired(now)) run.resolve('TIMEDOUT');
    this.#placement.startLoad();
    // Before others take the threads that are free: these would wait for as long as the others keep coming.
    this.#placement.spread(this.#queue.readyModels(now, ({ id }) => this.#placement.isStranded(id)));
    while (this.#running() < this.#mostRuns) {
      // First whose turn it is, then where: with a thread's models first, those of another one would wait as long as it has work.
      const model = this.#next(now, (one) => this.#mayRun(one) && this.#idleLane(one.id) !== undefined);
      if (model === undefined) {
        this.#placement.spread(this.#queue.readyModels(now, (one) => this.#mayRun(one)));
        break;
      }
      const lane = this.#idleLane(model.id) as Lane;
      void this.#dispatch(lane, this.#collect(lane, now));
    }
    this.#placement.freeIdle();
    if (this.#queue.size === 0 && this.#running() === 0) this.#threadTime.rest();
    this.#setTimer(now);
    if (waited && !this.#memory.isWaiting(this)) this.#memory.eased();
  }

  /** A thread is free again: its sessions are idle, or others than before. */
  #eased(): void {
    this.#memory.eased();
    this.#pump();
  }

  /** A thread whose script waits for another run is not counted: that run needs a thread, too. */
  #running(): number {
    return this.#lanes.filter((lane) => lane.busy === 'run' && !lane.waits).length;
  }

  /** One thread is kept free of scripts, so that the models which they wait for always have one to run in. */
  #mayRun({ isScript }: Runnable): boolean {
    if (isScript !== true) return true;
    return this.#lanes.filter(({ call }) => call !== null).length < this.#mostRuns;
  }

  /** A thread that could run the model now. */
  #idleLane(modelId: number): Lane | undefined {
    return this.#lanes.find((lane) => lane.busy === 'idle' && lane.resident.has(modelId));
  }

  #next(now: number, test: (model: Runnable) => boolean): Runnable | undefined {
    return this.#queue.next(now, test, (model) => this.#threadTime.turnOf(model));
  }

  #collect(lane: Lane, now: number): Batch[] {
    const batches: Batch[] = [];
    let cost = 0;
    while (cost < TASK_BUDGET_US) {
      // A script is a task of its own: others would wait for what it waits for.
      const model = this.#next(now, (one) => {
        return (
          lane.resident.has(one.id) && this.#mayRun(one) && (batches.length === 0 || one.isScript !== true)
        );
      });
      if (model === undefined) break;
      if (batches.length > 0 && cost + this.#threadTime.expectedUs(model) > TASK_BUDGET_US) break;
      const runs = this.#queue.take(model, now);
      if (runs === undefined) break;
      const expectedUs = this.#threadTime.begin(model);
      batches.push({ model, runs, expectedUs });
      if (model.isScript === true) break;
      cost += expectedUs;
    }
    return batches;
  }

  async #dispatch(lane: Lane, batches: readonly Batch[]): Promise<void> {
    lane.busy = 'run';
    lane.lastRunAt = performance.now();
    const abort = new AbortController();
    const thread = lane.thread();
    const { progress } = lane;
    lane.running = new Set(batches.map(({ model }) => model.id));
    const { executionTimeoutMs } = this.#settings;
    const pending = batches[0]?.runs[0]?.call;
    const call =
      pending && new ActiveCall(pending, executionTimeoutMs, SCRIPT_GRACE_MS, () => this.#pumpSoon());
    lane.call = call ?? null;
    this.#placement.used(lane, lane.running);
    const unload = lane.unloading.splice(0);
    progress[0] = 0n;
    progress[1] = process.hrtime.bigint();
    const stopWatching = this.#watch(progress, abort, executionTimeoutMs + (call ? SCRIPT_GRACE_MS : 0));
    try {
      const results = (await lane.run(
        {
          kind: 'run',
          unload,
          progress,
          runs: batches.map(({ model, runs }) => ({
            modelId: model.id,
            requests: runs.map((run) => run.inputs),
            call: call?.message,
          })),
        },
        abort.signal,
      )) as RunResult[];
      batches.forEach((batch, i) => {
        this.#settle(batch, results[i] as RunResult, call?.bug);
      });
    } catch (error) {
      this.#lost(progress, batches, abort.signal.aborted, thread, error);
    } finally {
      stopWatching();
      this.#placement.freed(lane, unload);
      lane.busy = 'idle';
      lane.call = null;
      // What was loaded for the script although there was no room for it.
      if (call !== undefined) this.#memory.trim();
      this.#eased();
    }
  }

  #await(modelId: number, by: 1 | -1): void {
    const scripts = (this.#awaited.get(modelId) ?? 0) + by;
    if (scripts === 0) this.#awaited.delete(modelId);
    else this.#awaited.set(modelId, scripts);
  }

  /** Fires the abort when the run under way has gone on for longer than it may. */
  #watch(progress: Lane['progress'], abort: AbortController, limit: number): () => void {
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
    batches: readonly Batch[],
    late: boolean,
    thread: ReturnType<Lane['thread']>,
    error: unknown,
  ): void {
    const culprit = batches[Number(Atomics.load(progress, 0))];
    if (late) this.#counters.timedOutRuns++;
    if (late && culprit !== undefined) this.#setAside(culprit.model.id, thread);
    const isScript = culprit?.model.isScript === true;
    const timeout = isScript
      ? errors.scriptTimeout(this.#settings.executionTimeoutMs)
      : errors.executionTimeout();
    const reason = late ? timeout : errors.workerDied();
    reason.cause = error;
    for (const run of culprit?.runs ?? []) {
      run.model.statistics.calls++;
      run.model.statistics.errors++;
      run.reject(reason, late ? 'timeout' : 'error');
    }
    if (late && culprit !== undefined) {
      for (const run of this.#queue.takeModel(culprit.model.id))
        run.reject(errors.executionBusy(), 'refused');
    }
    for (const batch of batches.toReversed()) {
      const { model, runs, expectedUs } = batch;
      this.#threadTime.end(model, expectedUs, undefined);
      if (batch === culprit) continue;
      if (this.#stuck.has(model.id)) for (const run of runs) run.reject(errors.executionBusy(), 'refused');
      else if (this.#dropped.has(model)) for (const run of runs) run.reject(gone(model));
      else for (const run of runs.toReversed()) this.#queue.push(run, true);
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

  #settle({ model, runs, expectedUs }: Batch, result: RunResult, bug: unknown): void {
    this.#threadTime.end(model, expectedUs, result.durationUs);
    this.#counters.runs++;
    const { outcome } = result;
    const { statistics } = model;
    const now = performance.now();
    const timing = { ...result.timing, startedAt: asPerformanceTime(result.timing.startedMs) };
    runs[0]?.series.rows.record(runs.reduce((sum, run) => sum + (run.rows ?? 1), 0));
    runs.forEach((run, i) => {
      statistics.calls++;
      statistics.durationUs += Math.round(result.durationUs);
      if (typeof outcome === 'string') {
        statistics.errors++;
        run.reject(bug instanceof Error ? bug : errors.backend(outcome));
      } else {
        statistics.samples += run.rows ?? 1;
        const outputs = outcome[i] as readonly Tensor[];
        for (const tensor of outputs) countShared(tensor.byteLength);
        this.#metrics.succeeded(run.series, run.queuedAt, now, timing);
        run.measured?.(timing.computeUs);
        run.resolve(outputs);
      }
    });
  }

  #setTimer(now: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const next = this.#queue.nextChange(now);
    if (next !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.#pump(), Math.max(0, next - now) + 0.5);
  }
}

/** What those get who come too late. */
function gone({ isScript }: Runnable): Error {
  return isScript === true ? errors.emptyScriptKey() : errors.emptyModelKey();
}
