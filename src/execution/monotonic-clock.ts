/** Milliseconds on a clock that is the same in all threads, unlike `performance.now`, which counts from the start of each. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

const TRIES = 10;
const offset = offsetNow();

/** Between two looks at the clocks the thread may lose the processor: the quickest of several tries is right. */
function offsetNow(): number {
  let best = { width: Number.POSITIVE_INFINITY, offset: 0 };
  for (let i = 0; i < TRIES; i++) {
    const before = performance.now();
    const at = monotonicMs();
    const after = performance.now();
    if (after - before < best.width) best = { width: after - before, offset: at - (before + after) / 2 };
  }
  return best.offset;
}

/** A time of `monotonicMs` as `performance.now` of this thread would have told it. */
export function asPerformanceTime(ms: number): number {
  return ms - offset;
}
