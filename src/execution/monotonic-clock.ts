/** Milliseconds on a clock that is the same in all threads, unlike `performance.now`, which counts from the start of each. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

// The first call takes a millisecond of its own, which would be between the two.
performance.now();
const offset = monotonicMs() - performance.now();

/** A time of `monotonicMs` as `performance.now` of this thread would have told it. */
export function asPerformanceTime(ms: number): number {
  return ms - offset;
}
