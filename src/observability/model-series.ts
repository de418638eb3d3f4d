import type { KeyName } from '../keyspace/keyspace.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { RowHistogram } from './row-histogram.ts';

/**
 * Where the time of a run goes: waiting for the device, until the batch has begun in its thread; joining the inputs of the batch; inside the
 * runtime; taking the outputs apart and bringing them back, until the command goes on.
 */
export const STAGES = ['queue', 'assembly', 'compute', 'reply'] as const;
export type Stage = (typeof STAGES)[number];

/**
 * Why a run has no outputs: the model or its thread failed; it passed the execution timeout; its TIMEOUT was over before it began; the queue was
 * full, or the model is set aside.
 */
export const FAILURES = ['error', 'timeout', 'expired', 'refused'] as const;
export type Failure = (typeof FAILURES)[number];

/** What a batch took in its thread. */
export interface BatchTiming {
  /** As `performance.now` tells it. */
  readonly startedAt: number;
  readonly assemblyUs: number;
  readonly computeUs: number;
}

/** A run that took long. */
export interface SlowRun {
  /** Its end, Unix time in ms. */
  readonly at: number;
  readonly model: string;
  readonly device: string;
  readonly totalUs: number;
  readonly stagesUs: Readonly<Record<Stage, number>>;
}

/** What is counted of the runs of one model on one device. */
export class ModelSeries {
  /** As a label: text, and not too long. */
  readonly model: string;
  readonly device: string;
  /** Of the model that was last run under the key. */
  modelId = 0;
  /** Runs that succeeded, by what they took from the queue to the reply. */
  readonly total = new LatencyHistogram();
  readonly stages: Readonly<Record<Stage, LatencyHistogram>> = {
    queue: new LatencyHistogram(),
    assembly: new LatencyHistogram(),
    compute: new LatencyHistogram(),
    reply: new LatencyHistogram(),
  };
  /** Batches, by their rows. */
  readonly rows = new RowHistogram();
  readonly failures: Record<Failure, number> = { error: 0, timeout: 0, expired: 0, refused: 0 };
  /** Runs that wait or are under way. */
  pending = 0;

  /** Null for all models that are not told apart. */
  readonly key: KeyName | null;

  constructor(model: string, device: string, key: KeyName | null) {
    this.key = key;
    this.model = model;
    this.device = device;
  }

  /** Counts a run that succeeded, times in us. */
  succeeded(totalUs: number, stages: Readonly<Record<Stage, number>>): void {
    this.total.record(totalUs);
    for (const stage of STAGES) this.stages[stage].record(stages[stage]);
  }
}
