/** Buckets for each factor of two, so that a bucket's bounds are 4.4 % apart. */
const STEPS = 16;
const OCTAVES = 40;
/** Redis counts in ns from 1024 on; the same unit gives LATENCY HISTOGRAM the same buckets. */
const UNIT_US = 1.024;
/** What Redis's HDR histogram adds to a bound of two significant digits. */
const BOUND_ROUNDING = 1 + 1 / 128;

/** The exact bound of a bucket, in us. */
export function octaveBound(octave: number): number {
  return UNIT_US * 2 ** octave;
}

/** Durations in buckets that grow with the duration: any of them costs the same, and none is lost. */
export class LatencyHistogram {
  /** Not 32 bits: a busy node is past those in half a day. */
  readonly #buckets = new Float64Array(STEPS * OCTAVES);
  #count = 0;
  #sum = 0;

  get count(): number {
    return this.#count;
  }

  /** All durations together, in us. */
  get sum(): number {
    return this.#sum;
  }

  /** @param us duration in microseconds. */
  record(us: number): void {
    const step = us <= UNIT_US ? 0 : Math.ceil(Math.log2(us / UNIT_US) * STEPS);
    const bucket = Math.min(step, this.#buckets.length - 1);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
    this.#count++;
    this.#sum += us;
  }

  /** Adds what another one has counted, or what it has counted since a copy of it was made. */
  add(other: LatencyHistogram, since?: LatencyHistogram): void {
    this.#combine(other, 1);
    if (since !== undefined) this.#combine(since, -1);
  }

  copy(): LatencyHistogram {
    const copy = new LatencyHistogram();
    copy.add(this);
    return copy;
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

  /** How many durations took at most `octaveBound(n)`, for each n from the first octave to the last. */
  atMost(first: number, last: number): number[] {
    const counts: number[] = [];
    let seen = 0;
    for (let step = 0; step <= last * STEPS; step++) {
      seen += this.#buckets[step] as number;
      if (step % STEPS === 0 && step >= first * STEPS) counts.push(seen);
    }
    return counts;
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

  #combine(other: LatencyHistogram, by: 1 | -1): void {
    for (const [step, count] of other.#buckets.entries()) {
      if (count > 0) this.#buckets[step] = (this.#buckets[step] as number) + by * count;
    }
    this.#count += by * other.#count;
    this.#sum += by * other.#sum;
  }
}
