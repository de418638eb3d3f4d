/** Buckets for each factor of two, so that a bucket's bounds are 4.4 % apart. */
const STEPS = 16;
const OCTAVES = 40;
/** Redis counts in ns from 1024 on; the same unit gives LATENCY HISTOGRAM the same buckets. */
const UNIT_US = 1.024;
/** What Redis's HDR histogram adds to a bound of two significant digits. */
const BOUND_ROUNDING = 1 + 1 / 128;

/** Durations in buckets that grow with the duration: any of them costs the same, and none is lost. */
export class LatencyHistogram {
  readonly #buckets = new Uint32Array(STEPS * OCTAVES);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param us duration in microseconds. */
  record(us: number): void {
    const step = us <= UNIT_US ? 0 : Math.ceil(Math.log2(us / UNIT_US) * STEPS);
    const bucket = Math.min(step, this.#buckets.length - 1);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
    this.#count++;
  }

  /** The duration in us that `percent` of the durations do not pass, rounded up to its bucket's bound. */
  percentile(percent: number): number {
    const wanted = (percent / 100) * this.#count;
    let seen = 0;
    for (const [step, count] of this.#buckets.entries()) {
      seen += count;
      if (count > 0 && seen >= wanted) return UNIT_US * 2 ** (step / STEPS);
    }
    return 0;
  }

  /** How many durations took at most 1, 2, 4, .. us, as [us, count]; bounds where nothing was added are left out. */
  cumulative(): [number, number][] {
    const out: [number, number][] = [];
    let seen = 0;
    let reported = 0;
    for (const [step, count] of this.#buckets.entries()) {
      seen += count;
      if (step % STEPS !== 0 || seen === reported) continue;
      out.push([Math.floor(UNIT_US * 2 ** (step / STEPS) * BOUND_ROUNDING), seen]);
      reported = seen;
    }
    if (seen > reported) out.push([Math.floor(UNIT_US * 2 ** OCTAVES), seen]);
    return out;
  }
}
