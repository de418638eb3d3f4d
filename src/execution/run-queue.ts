import type { Runnable } from '../backends/model.ts';
import type { Failure, ModelSeries } from '../observability/model-series.ts';
import type { Tensor } from '../tensors/tensor.ts';
import type { PendingCall } from './active-call.ts';
import { batchSignature } from './batch.ts';

/** The answer to a run: its outputs, or that its time in the queue was over. */
export type RunOutcome = readonly Tensor[] | 'TIMEDOUT';

/**
 * Until when requests may wait in the queue, in monotonic ms. The runs of one DAG share it: once the first has begun, none of them is late.
 */
export interface QueueLimit {
  deadline: number;
}

/** @param timeoutMs undefined for no limit. */
export function queueLimit(timeoutMs: number | undefined): QueueLimit {
  return { deadline: timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs };
}

/** A request in the queue. Times are monotonic ms. */
export interface PendingRun {
  readonly model: Runnable;
  readonly series: ModelSeries;
  readonly inputs: readonly Tensor[];
  /** Rows of dimension 0; undefined where the inputs do not agree on them. */
  readonly rows: number | undefined;
  readonly queuedAt: number;
  readonly limit: QueueLimit;
  /** Of a script. */
  readonly call?: PendingCall | undefined;
  /** Told the time inside of the runtime in us. */
  readonly measured?: ((computeUs: number) => void) | undefined;
  readonly resolve: (outcome: RunOutcome) => void;
  /** @param failure what kind it is; 'error' where absent. */
  readonly reject: (error: Error, failure?: Failure) => void;
}

/** Requests that may share a batch, in order of arrival. */
interface Group {
  readonly key: string;
  readonly batches: boolean;
  readonly pending: PendingRun[];
}

/** What waits for one model; there is always something. */
interface Waiting {
  readonly model: Runnable;
  readonly groups: Map<string, Group>;
}

/** Looking for runs past their deadline means looking at all: at most once in so many ms. */
const EXPIRY_INTERVAL_MS = 1;

/** A device's queue: for each model groups of requests that may run together. Across models there is no order, see ThreadTime. */
export class RunQueue {
  readonly #waiting = new Map<number, Waiting>();
  #size = 0;
  /** No run's deadline is before that. */
  #noDeadlineBefore = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#size;
  }

  push(run: PendingRun, front = false): void {
    const { model, rows } = run;
    const batches = model.batching.batchSize > 0 && rows !== undefined && rows < model.batching.batchSize;
    const key = batches ? batchSignature(run.inputs) : '';
    let waiting = this.#waiting.get(model.id);
    if (waiting === undefined) {
      waiting = { model, groups: new Map() };
      this.#waiting.set(model.id, waiting);
    }
    let group = waiting.groups.get(key);
    if (group === undefined) {
      group = { key, batches, pending: [] };
      waiting.groups.set(key, group);
    }
    if (front) group.pending.unshift(run);
    else group.pending.push(run);
    this.#size++;
    this.#noDeadlineBefore = Math.min(this.#noDeadlineBefore, run.limit.deadline);
  }

  /** Models that have a batch ready and pass the test, the longest waiting first. */
  readyModels(now: number, test: (model: Runnable) => boolean): Runnable[] {
    const ready: { model: Runnable; since: number }[] = [];
    for (const { model } of this.#waiting.values()) {
      if (!test(model)) continue;
      const since = this.readySince(model.id, now);
      if (since !== undefined) ready.push({ model, since });
    }
    return ready.sort((a, b) => a.since - b.since).map(({ model }) => model);
  }

  /**
   * Of the models that have a batch ready and pass the test, the one with the least turn; of those with the same the one that waits longest.
   */
  next(
    now: number,
    test: (model: Runnable) => boolean,
    turnOf: (model: Runnable) => number,
  ): Runnable | undefined {
    let best: { model: Runnable; turn: number; since: number } | undefined;
    for (const { model } of this.#waiting.values()) {
      if (!test(model)) continue;
      const turn = turnOf(model);
      if (best !== undefined && turn > best.turn) continue;
      const since = this.readySince(model.id, now);
      if (since === undefined) continue;
      if (best === undefined || turn < best.turn || since < best.since) best = { model, turn, since };
    }
    return best?.model;
  }

  /** When the oldest request was queued that is in a batch which is ready; undefined where none is. */
  readySince(modelId: number, now: number): number | undefined {
    const waiting = this.#waiting.get(modelId);
    const oldest = waiting === undefined ? undefined : oldestReady(waiting, now);
    return oldest === undefined ? undefined : headOf(oldest);
  }

  /** Takes the oldest batch that is ready of that model. */
  take(model: Runnable, now: number): PendingRun[] | undefined {
    const waiting = this.#waiting.get(model.id);
    const oldest = waiting === undefined ? undefined : oldestReady(waiting, now);
    if (waiting === undefined || oldest === undefined) return undefined;
    const count = oldest.batches ? fitting(oldest, model.batching.batchSize).count : 1;
    const batch = oldest.pending.splice(0, count);
    this.#dropped(waiting, oldest, batch.length);
    for (const run of batch) run.limit.deadline = Number.POSITIVE_INFINITY;
    return batch;
  }

  /** Takes out what waited past its deadline. */
  takeExpired(now: number): PendingRun[] {
    if (now < this.#noDeadlineBefore) return [];
    const expired = this.#takeWhere([...this.#waiting.values()], (run) => run.limit.deadline <= now);
    let next = Number.POSITIVE_INFINITY;
    for (const { groups } of this.#waiting.values()) {
      for (const { pending } of groups.values()) {
        for (const run of pending) next = Math.min(next, run.limit.deadline);
      }
    }
    this.#noDeadlineBefore = Math.max(next, now + EXPIRY_INTERVAL_MS);
    return expired;
  }

  takeModel(modelId: number): PendingRun[] {
    const waiting = this.#waiting.get(modelId);
    return waiting === undefined ? [] : this.#takeWhere([waiting], () => true);
  }

  /** When something may next change by time alone: a deadline passes or a batch need not wait for more. Infinity for never. */
  nextChange(now: number): number {
    let next = this.#noDeadlineBefore;
    for (const { model, groups } of this.#waiting.values()) {
      if (model.batching.minBatchSize === 0) continue;
      for (const group of groups.values()) {
        const ready = readyAt(model, group);
        if (ready > now) next = Math.min(next, ready);
      }
    }
    return next;
  }

  #takeWhere(from: readonly Waiting[], test: (run: PendingRun) => boolean): PendingRun[] {
    const taken: PendingRun[] = [];
    for (const waiting of from) {
      for (const group of [...waiting.groups.values()]) {
        const matching = group.pending.filter(test);
        if (matching.length === 0) continue;
        const rest = group.pending.filter((run) => !test(run));
        group.pending.splice(0, group.pending.length, ...rest);
        taken.push(...matching);
        this.#dropped(waiting, group, matching.length);
      }
    }
    return taken;
  }

  #dropped({ model, groups }: Waiting, group: Group, count: number): void {
    this.#size -= count;
    if (this.#size === 0) this.#noDeadlineBefore = Number.POSITIVE_INFINITY;
    if (group.pending.length > 0) return;
    groups.delete(group.key);
    if (groups.size === 0) this.#waiting.delete(model.id);
  }
}

function headOf(group: Group): number {
  return (group.pending[0] as PendingRun).queuedAt;
}

function oldestReady({ model, groups }: Waiting, now: number): Group | undefined {
  let oldest: Group | undefined;
  for (const group of groups.values()) {
    if (oldest !== undefined && headOf(group) >= headOf(oldest)) continue;
    if (readyAt(model, group) <= now) oldest = group;
  }
  return oldest;
}

/** From when on the group's head may run: at once, unless it waits for MINBATCHSIZE rows. */
function readyAt({ batching }: Runnable, group: Group): number {
  const { batchSize, minBatchSize, minBatchTimeoutMs } = batching;
  if (!group.batches || minBatchSize === 0) return 0;
  const { rows, full } = fitting(group, batchSize);
  if (full || rows >= minBatchSize) return 0;
  return minBatchTimeoutMs === 0 ? Number.POSITIVE_INFINITY : headOf(group) + minBatchTimeoutMs;
}

/** How many requests from the head on fit in one batch; full when one more would not. */
function fitting(group: Group, limit: number): { count: number; rows: number; full: boolean } {
  let rows = 0;
  let count = 0;
  for (const run of group.pending) {
    // Only requests that have rows are in a group that batches.
    const more = run.rows ?? 0;
    if (rows + more > limit) return { count, rows, full: true };
    rows += more;
    count++;
  }
  return { count, rows, full: rows >= limit };
}
