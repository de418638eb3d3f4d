import type { NodeStatistics } from './node-statistics.ts';

/** Redis's sampling: every 100 ms, the mean of the last 16. */
const INTERVAL_MS = 100;
const SAMPLES = 16;

type Counts = readonly [commands: number, bytesIn: number, bytesOut: number];

/** Commands and bytes a second, as the mean of the last 1.6 s. */
export class Rates {
  readonly #statistics: NodeStatistics;
  readonly #timer: NodeJS.Timeout;
  readonly #history: { at: number; counts: Counts }[] = [];

  constructor(statistics: NodeStatistics) {
    this.#statistics = statistics;
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), INTERVAL_MS).unref();
  }

  get commandsPerSecond(): number {
    return this.#perSecond(0);
  }

  get bytesInPerSecond(): number {
    return this.#perSecond(1);
  }

  get bytesOutPerSecond(): number {
    return this.#perSecond(2);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const { commands, traffic } = this.#statistics;
    this.#history.push({ at: performance.now(), counts: [commands, traffic.bytesIn, traffic.bytesOut] });
    if (this.#history.length > SAMPLES + 1) this.#history.shift();
  }

  #perSecond(which: 0 | 1 | 2): number {
    const first = this.#history[0];
    const last = this.#history.at(-1);
    if (first === undefined || last === undefined || first === last) return 0;
    // RESETSTAT puts the counts back; until the history is past it there is no rate.
    const grown = Math.max(0, last.counts[which] - first.counts[which]);
    return (grown / (last.at - first.at)) * 1000;
  }
}
