import type { NodeContext } from '../../node-context.ts';
import { type LatencyHistogram, octaveBound } from '../latency-histogram.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly value: number;
  readonly labels?: Labels;
  /** What follows the family's name, as in `_bucket`. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** Metrics of one name. The numbers are the node's own, which INFO shows too: nothing is counted twice. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** As they are now. */
  readonly read: (node: NodeContext) => readonly Sample[];
}

type Read = (node: NodeContext) => number | readonly Sample[];

const samples = (value: number | readonly Sample[]) => (typeof value === 'number' ? [{ value }] : value);

/** @param read the number, or one for each set of labels. */
export function gauge(name: string, help: string, read: Read): Family {
  return { name, help, type: 'gauge', read: (node) => samples(read(node)) };
}

/** @param read the number, or one for each set of labels. It goes back when the node starts, and with CONFIG RESETSTAT. */
export function counter(name: string, help: string, read: Read): Family {
  return { name, help, type: 'counter', read: (node) => samples(read(node)) };
}

export function histogram(
  name: string,
  help: string,
  read: (node: NodeContext) => readonly (readonly [Labels, HistogramCounts])[],
): Family {
  return {
    name,
    help,
    type: 'histogram',
    read: (node) => read(node).flatMap(([labels, counts]) => histogramSamples(labels, counts)),
  };
}

/** A histogram as Prometheus has it. */
export interface HistogramCounts {
  /** [upper bound, how many are at most that], bounds rising. */
  readonly buckets: readonly (readonly [number, number])[];
  readonly count: number;
  readonly sum: number;
}

/** From 33 us to 8.6 s. */
const FIRST_OCTAVE = 5;
const LAST_OCTAVE = 23;

/**
 * Durations in seconds.
 * @param octaves from a bound to the next one: a factor of two for each.
 */
export function inSeconds(durations: LatencyHistogram, octaves: 1 | 2 = 1): HistogramCounts {
  const buckets = durations
    .atMost(FIRST_OCTAVE, LAST_OCTAVE)
    .map((count, i) => [octaveBound(FIRST_OCTAVE + i) / 1e6, count] as const)
    .filter((_, i) => i % octaves === 0);
  return { buckets, count: durations.count, sum: durations.sum / 1e6 };
}

function histogramSamples(labels: Labels, { buckets, count, sum }: HistogramCounts): Sample[] {
  return [
    ...buckets.map(
      ([bound, value]): Sample => ({ suffix: '_bucket', labels: { ...labels, le: String(bound) }, value }),
    ),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count },
  ];
}
