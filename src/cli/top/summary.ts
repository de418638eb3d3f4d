import { percentilesBetween } from './latencies.ts';
import {
  type LostNode,
  type ModelRates,
  modelRates,
  type NodeRates,
  nodeRates,
  type Reading,
} from './sampler.ts';
import { batchRowsBetween } from './series.ts';

/** What a cluster did between two readings. */
export interface Summary {
  readonly nodes: readonly NodeRates[];
  readonly lost: readonly LostNode[];
  /** The busiest first. */
  readonly models: readonly ModelRates[];
  readonly total: {
    readonly commandsPerSecond: number;
    readonly callsPerSecond: number;
    /** On average; null where nothing ran. */
    readonly batchRows: number | null;
    /** Of runs of models and scripts, from the queue to the reply, in us; null likewise. */
    readonly p50Us: number | null;
    readonly p99Us: number | null;
    readonly queue: number;
  };
}

export function summarize(before: Reading, after: Reading): Summary {
  const earlier = new Map(before.map((reading) => [reading.address, reading]));
  const lost = after.filter((reading) => 'reason' in reading);
  const pairs = after.flatMap((now) => {
    const then = earlier.get(now.address);
    return 'reason' in now || then === undefined || 'reason' in then ? [] : [{ then, now }];
  });
  const nodes = pairs.map(({ then, now }) => nodeRates(then, now));
  const models = pairs
    .flatMap(({ then, now }) => modelRates(then, now))
    .sort((a, b) => b.callsPerSecond - a.callsPerSecond || a.key.localeCompare(b.key));
  const sum = <T>(items: readonly T[], value: (item: T) => number) =>
    items.reduce((total, item) => total + value(item), 0);
  const [p50, p99] =
    percentilesBetween(
      pairs.flatMap(({ then }) => then.series.map(({ latencies }) => latencies)),
      pairs.flatMap(({ now }) => now.series.map(({ latencies }) => latencies)),
      [50, 99],
    ) ?? [];
  const callsPerSecond = sum(models, (model) => model.callsPerSecond);
  return {
    ...{ nodes, lost, models },
    total: {
      commandsPerSecond: sum(nodes, (node) => node.commandsPerSecond),
      callsPerSecond,
      batchRows: batchRowsBetween(
        pairs.flatMap(({ then }) => then.series),
        pairs.flatMap(({ now }) => now.series),
      ),
      p50Us: p50 ?? null,
      p99Us: p99 ?? null,
      queue: sum(nodes, (node) => node.queue),
    },
  };
}
