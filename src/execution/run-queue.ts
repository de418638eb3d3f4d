import type { StoredModel } from '../backends/model.ts';
import type { Tensor } from '../tensors/tensor.ts';
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
  readonly model: StoredModel;
  readonly inputs: readonly Tensor[];
  /** Rows of dimension 0; undefined where the inputs do not agree on them. */
  readonly rows: number | undefined;
  readonly queuedAt: number;
  readonly limit: QueueLimit;
  readonly resolve: (outcome: RunOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** Requests that may share a batch, in order of arrival. */
interface Group {
  readonly key: string;
  readonly model: StoredModel;
  readonly batches: boolean;
  readonly pending: PendingRun[];
}

/** A device's queue: groups of requests that may run together, the oldest head first. */
export class RunQueue {
  readonly #groups = new Map<string, Group>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(run: PendingRun, front = false): void {
    const { model, rows } = run;
    const batches = model.batching.batchSize > 0 && rows !== undefined && rows < model.batching.batchSize;
    const key = batches ? `${model.id}|${batchSignature(run.inputs)}` : `${model.id}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { key, model, batches, pending: [] };
      this.#groups.set(key, group);
    }
    if (front) group.pending.unshift(run);
    else group.pending.push(run);
    this.#size++;
  }

  /** Models that have a batch ready, the longest waiting first. */
  readyModels(now: number): StoredModel[] {
    const ready = [...this.#groups.values()].filter((g) => this.#readyAt(g) <= now);
    ready.sort((a, b) => (a.pending[0] as PendingRun).queuedAt - (b.pending[0] as PendingRun).queuedAt);
    return [...new Set(ready.map((g) => g.model))];
  }

  /** Takes the oldest batch that is ready of that model. */
  take(model: StoredModel, now: number): PendingRun[] | undefined {
    let oldest: Group | undefined;
    for (const group of this.#groups.values()) {
      if (group.model !== model || this.#readyAt(group) > now) continue;
      if (oldest === undefined || headOf(group) < headOf(oldest)) oldest = group;
    }
    if (oldest === undefined) return undefined;
    const count = oldest.batches ? this.#fitting(oldest).count : 1;
    const batch = oldest.pending.splice(0, count);
    this.#drop(oldest, batch.length);
    for (const run of batch) run.limit.deadline = Number.POSITIVE_INFINITY;
    return batch;
  }

  /** Takes out what waited past its deadline. */
  takeExpired(now: number): PendingRun[] {
    return this.#takeWhere((run) => run.limit.deadline <= now);
  }

  takeModel(modelId: number): PendingRun[] {
    return this.#takeWhere((run) => run.model.id === modelId);
  }

  /** When something next changes by time alone: a deadline passes or a batch need not wait for more. Infinity for never. */
  nextChange(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const group of this.#groups.values()) {
      const ready = this.#readyAt(group);
      if (ready > now) next = Math.min(next, ready);
      for (const run of group.pending) next = Math.min(next, run.limit.deadline);
    }
    return next;
  }

  #takeWhere(test: (run: PendingRun) => boolean): PendingRun[] {
    const taken: PendingRun[] = [];
    for (const group of [...this.#groups.values()]) {
      const matching = group.pending.filter(test);
      if (matching.length === 0) continue;
      const rest = group.pending.filter((run) => !test(run));
      group.pending.splice(0, group.pending.length, ...rest);
      taken.push(...matching);
      this.#drop(group, matching.length);
    }
    return taken;
  }

  #drop(group: Group, count: number): void {
    this.#size -= count;
    if (group.pending.length === 0) this.#groups.delete(group.key);
  }

  /** From when on the group's head may run: at once, unless it waits for MINBATCHSIZE rows. */
  #readyAt(group: Group): number {
    const { minBatchSize, minBatchTimeoutMs } = group.model.batching;
    if (!group.batches || minBatchSize === 0) return 0;
    const { rows, full } = this.#fitting(group);
    if (full || rows >= minBatchSize) return 0;
    return minBatchTimeoutMs === 0 ? Number.POSITIVE_INFINITY : headOf(group) + minBatchTimeoutMs;
  }

  /** How many requests from the head on fit in one batch; full when one more would not. */
  #fitting(group: Group): { count: number; rows: number; full: boolean } {
    const limit = group.model.batching.batchSize;
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
}

function headOf(group: Group): number {
  return (group.pending[0] as PendingRun).queuedAt;
}
