/** Seconds that the rate is the mean of. */
const SECONDS = 10;

/** How often a second something happens, as the mean of the last 10 s, or of the time since it is counted where that is shorter. */
export class RecentRate {
  readonly #counts = new Uint32Array(SECONDS);
  /** The second that each of the counts is of. */
  readonly #seconds = new Float64Array(SECONDS).fill(Number.NEGATIVE_INFINITY);
  readonly #since = performance.now() / 1000;

  count(): void {
    const second = Math.floor(performance.now() / 1000);
    const at = second % SECONDS;
    if (this.#seconds[at] !== second) this.#counts[at] = 0;
    this.#seconds[at] = second;
    this.#counts[at] = (this.#counts[at] as number) + 1;
  }

  get perSecond(): number {
    const now = performance.now() / 1000;
    const from = Math.floor(now) - SECONDS;
    const recent = this.#counts.reduce(
      (sum, count, i) => sum + ((this.#seconds[i] as number) > from ? count : 0),
      0,
    );
    // The second under way counts as whole: there is no rate of a moment.
    return recent / Math.min(SECONDS, Math.max(1, Math.ceil(now - this.#since)));
  }
}
