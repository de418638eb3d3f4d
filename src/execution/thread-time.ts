import type { Runnable } from '../backends/model.ts';

/** What a run is taken to cost, in us, before the first one of its model was measured. */
const UNKNOWN_COST_US = 1000;
const COST_SMOOTHING = 0.2;

interface Usage {
  /** Measured time of a run; undefined before the first. */
  costUs: number | undefined;
  /** Where the model stands on the clock: moves on by the thread time that it is given. */
  at: number;
}

/**
 * Says whose turn it is among models that wait for a device's threads: that one's which has had the least thread time, so that all of them
 * get about the same, whatever a run costs and however many of them wait (start-time fair queueing, Goyal and others, 1996).
 *
 * Its clock stands where the model that was chosen last stood. Nobody is behind it: what a model did not use while it was idle or loading
 * does not give it the threads later on. Who is ahead, because of a long run, waits.
 */
export class ThreadTime {
  readonly #usage = new WeakMap<Runnable, Usage>();
  #clock = 0;
  /** The furthest that any model stands. */
  #furthest = 0;

  /** The expected time of a run, in us. */
  expectedUs(model: Runnable): number {
    return this.#usage.get(model)?.costUs ?? UNKNOWN_COST_US;
  }

  /** Who has the least of these goes first. */
  turnOf(model: Runnable): number {
    return Math.max(this.#usage.get(model)?.at ?? 0, this.#clock);
  }

  /** Charges the model with the expected time of a run, and returns that, in us. */
  begin(model: Runnable): number {
    const turn = this.turnOf(model);
    const expected = this.expectedUs(model);
    this.#clock = turn;
    this.#usageOf(model).at = turn + expected;
    return expected;
  }

  /** Corrects what `begin` charged, in us. @param actualUs undefined where the run did not take place. */
  end(model: Runnable, expectedUs: number, actualUs: number | undefined): void {
    const usage = this.#usageOf(model);
    usage.at += (actualUs ?? 0) - expectedUs;
    this.#furthest = Math.max(this.#furthest, usage.at);
    if (actualUs === undefined) return;
    usage.costUs =
      usage.costUs === undefined ? actualUs : usage.costUs + COST_SMOOTHING * (actualUs - usage.costUs);
  }

  /** Nothing runs or waits: what a model took while nobody else wanted it is not held against it. */
  rest(): void {
    this.#clock = Math.max(this.#clock, this.#furthest);
  }

  #usageOf(model: Runnable): Usage {
    let usage = this.#usage.get(model);
    if (usage === undefined) {
      usage = { costUs: undefined, at: 0 };
      this.#usage.set(model, usage);
    }
    return usage;
  }
}
