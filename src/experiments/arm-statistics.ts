import type { RunOutcome } from '../execution/run-queue.ts';
import { LatencyHistogram } from '../observability/latency-histogram.ts';
import { RecentRate } from '../observability/recent-rate.ts';
import { type Agreement, newAgreement } from './agreement.ts';

/** How long runs took. */
export interface RunTimes {
  /** From when the run was asked for until its outputs were there. */
  readonly latency: LatencyHistogram;
  /** Of that, until it began: in the device's queue, on its way to the thread and back. */
  readonly queue: LatencyHistogram;
  /** Inside of the runtime. */
  readonly compute: LatencyHistogram;
}

/** What a node has seen of one arm of an experiment, in memory only. */
export class ArmStatistics {
  /** Shadow runs that wait or are under way. */
  waiting = 0;
  #counts = newCounts();

  /** What was counted since the experiment was set, or reset. */
  get counts(): Readonly<Counts> {
    return this.#counts;
  }

  reset(): void {
    this.#counts = newCounts();
  }

  /**
   * Times a run and counts how it ends, but for one whose time in the queue was over.
   * @param run told what to call with the time inside of the runtime, in us.
   * @throws what it throws.
   */
  async observe(run: (measured: (computeUs: number) => void) => Promise<RunOutcome>): Promise<RunOutcome> {
    const begun = performance.now();
    let computeUs = 0;
    try {
      const outcome = await run((us) => {
        computeUs = us;
      });
      if (outcome !== 'TIMEDOUT') this.#ran((performance.now() - begun) * 1000, computeUs);
      return outcome;
    } catch (error) {
      this.failed((error as Error).message);
      throw error;
    }
  }

  failed(reason: string): void {
    this.#counts.errors++;
    this.#counts.lastError = reason;
  }

  /** A shadow run was given up before it began, because too many wait or for too long. */
  dropped(): void {
    this.#counts.dropped++;
  }

  /** @param agreement with the primary; undefined where its outputs have other shapes. */
  compared(agreement: Agreement | undefined): void {
    const counts = this.#counts;
    if (agreement === undefined) {
      counts.incomparable++;
      return;
    }
    const sum = counts.agreement;
    counts.compared++;
    sum.elements += agreement.elements;
    sum.maxDifference = Math.max(sum.maxDifference, agreement.maxDifference);
    sum.sumOfDifferences += agreement.sumOfDifferences;
    sum.rows += agreement.rows;
    sum.rowsOverTolerance += agreement.rowsOverTolerance;
    sum.ranked += agreement.ranked;
    sum.sameTop1 += agreement.sameTop1;
  }

  #ran(latencyUs: number, computeUs: number): void {
    const counts = this.#counts;
    counts.runs++;
    counts.rate.count();
    counts.times ??= {
      latency: new LatencyHistogram(),
      queue: new LatencyHistogram(),
      compute: new LatencyHistogram(),
    };
    counts.times.latency.record(latencyUs);
    counts.times.queue.record(Math.max(0, latencyUs - computeUs));
    counts.times.compute.record(computeUs);
  }
}

interface Counts {
  /** Unix time in ms. */
  since: number;
  /** Runs that gave outputs. */
  runs: number;
  errors: number;
  lastError: string | null;
  dropped: number;
  /** Shadow runs whose outputs were compared with the primary's. */
  compared: number;
  /** Shadow runs whose outputs have other shapes than the primary's. */
  incomparable: number;
  agreement: Agreement;
  /** Null before the first run: most of what they take is in here. */
  times: RunTimes | null;
  rate: RecentRate;
}

function newCounts(): Counts {
  return {
    since: Date.now(),
    ...{ runs: 0, errors: 0, lastError: null, dropped: 0, compared: 0, incomparable: 0 },
    agreement: newAgreement(),
    times: null,
    rate: new RecentRate(),
  };
}
