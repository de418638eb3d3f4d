/** Buckets for 1, 2, 4, .. rows. */
const BUCKETS = 12;

/** The largest counts of rows that each bucket holds; one more has what is beyond. */
export const ROW_BOUNDS: readonly number[] = Array.from({ length: BUCKETS }, (_, i) => 2 ** i);

/** How many rows runs had. */
export class RowHistogram {
  readonly #buckets = new Float64Array(BUCKETS + 1);
  #count = 0;
  #sum = 0;

  /** Runs. */
  get count(): number {
    return this.#count;
  }

  /** Rows of all runs. */
  get sum(): number {
    return this.#sum;
  }

  record(rows: number): void {
    const bucket = rows <= 1 ? 0 : Math.min(32 - Math.clz32(rows - 1), BUCKETS);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
    this.#count++;
    this.#sum += rows;
  }

  /** How many runs had at most so many rows, for each of ROW_BOUNDS. */
  atMost(): number[] {
    let seen = 0;
    return ROW_BOUNDS.map((_, i) => {
      seen += this.#buckets[i] as number;
      return seen;
    });
  }
}
