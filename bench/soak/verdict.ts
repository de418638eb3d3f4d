import type { Latencies } from './recorder.ts';
import type { Sample } from './samples.ts';

const MEGABYTE = 1e6;

export interface Verdict {
  readonly seconds: number;
  /** Of the second half, in MB a minute (least squares): what a leak would show as, once caches are full. */
  readonly rssMegabytesPerMinute: number;
  readonly heapMegabytesPerMinute: number;
  readonly rssMegabytes: { readonly half: number; readonly end: number; readonly most: number };
  readonly usedMegabytesAtEnd: number;
  readonly loopDelayUs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly latencies: Latencies;
  /** Cores that others used, on average. */
  readonly otherCores: number;
  readonly errors: number;
  readonly firstErrors: readonly string[];
  readonly passed: boolean;
}

/** @param mostPerMinute RSS growth in MB a minute that is taken for a leak. */
export function judge(
  samples: readonly Sample[],
  latencies: Latencies,
  { errors, firstErrors }: { readonly errors: number; readonly firstErrors: readonly string[] },
  mostPerMinute: number,
): Verdict {
  const half = samples.slice(samples.length >> 1);
  const rss = slopePerMinute(half, ({ rssBytes }) => rssBytes) / MEGABYTE;
  const delays = samples.map(({ loopDelayUs }) => loopDelayUs).sort((a, b) => a - b);
  const megabytes = (bytes: number | undefined) => Math.round((bytes ?? 0) / 1e5) / 10;
  return {
    seconds: samples.length,
    rssMegabytesPerMinute: rounded(rss),
    heapMegabytesPerMinute: rounded(slopePerMinute(half, ({ heapBytes }) => heapBytes) / MEGABYTE),
    rssMegabytes: {
      half: megabytes(half[0]?.rssBytes),
      end: megabytes(half.at(-1)?.rssBytes),
      most: megabytes(Math.max(...samples.map(({ rssBytes }) => rssBytes))),
    },
    usedMegabytesAtEnd: megabytes(half.at(-1)?.usedBytes),
    loopDelayUs: { p50: at(delays, 0.5), p99: at(delays, 0.99), max: at(delays, 1) },
    latencies,
    otherCores: rounded(samples.reduce((sum, { otherCores }) => sum + otherCores, 0) / samples.length),
    errors,
    firstErrors,
    passed: errors === 0 && latencies.operations > 0 && !(rss > mostPerMinute),
  };
}

/** The slope of the straight line that fits best, by least squares. */
export function slopePerMinute(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const n = samples.length;
  if (n < 2) return 0;
  const meanX = samples.reduce((sum, { second }) => sum + second, 0) / n;
  const meanY = samples.reduce((sum, sample) => sum + value(sample), 0) / n;
  let [xy, xx] = [0, 0];
  for (const sample of samples) {
    xy += (sample.second - meanX) * (value(sample) - meanY);
    xx += (sample.second - meanX) ** 2;
  }
  return (xy / xx) * 60;
}

const rounded = (value: number) => Math.round(value * 100) / 100;
const at = (sorted: readonly number[], part: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
