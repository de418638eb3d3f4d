import type { NodeContext } from '../../node-context.ts';
import { TESSERA_VERSION } from '../../version.ts';
import { memoryFigures } from '../memory.ts';
import { FAILURES, type ModelSeries } from '../model-series.ts';
import { readiness } from '../readiness.ts';
import type { Sampler } from './sampler.ts';
import type {
  ClusterState,
  DeviceState,
  KeysState,
  LiveEvent,
  MemoryState,
  ModelState,
  NodeSample,
  NodeSnapshot,
  NodeState,
  UpstreamSnapshot,
} from './snapshot-types.ts';

/** The node as it is now, and its last minutes. */
export async function snapshot(node: NodeContext, sampler: Sampler): Promise<NodeSnapshot> {
  return {
    at: Date.now(),
    node: nodeState(node),
    cluster: await clusterState(node),
    upstream: upstreamState(node),
    history: sampler.history,
    ...changing(node, sampler),
    errors: node.statistics.recentErrors.latest,
    slowRuns: node.devices.runs.slow,
  };
}

/** What a page that has a snapshot needs to go on. */
export function liveEvent(node: NodeContext, sampler: Sampler, sample: NodeSample): LiveEvent {
  return { sample, ready: readiness(node).every(({ ok }) => ok), ...changing(node, sampler) };
}

function changing(node: NodeContext, sampler: Sampler) {
  return {
    models: modelStates(node, sampler),
    devices: deviceStates(node),
    keys: keysState(node),
    memory: memoryState(node),
    experiments: node.experiments.reports(),
  };
}

function nodeState(node: NodeContext): NodeState {
  const { name, id, host, port, listeners, startedAt, upstream } = node;
  const checks = readiness(node);
  return {
    ...{ name, id, host, port, tlsPort: listeners.tlsPort, version: TESSERA_VERSION, startedAt },
    engine: upstream === null ? 'embedded' : 'redis',
    ready: checks.every(({ ok }) => ok),
    checks,
  };
}

async function clusterState({ slots, upstream, host, port }: NodeContext): Promise<ClusterState | null> {
  const before = (await upstream?.slots?.get()) ?? [];
  if (before.length > 0) {
    const nodes = before.map((one) => {
      const isSelf = one.host === host && one.port === port;
      return { ...one, name: `${one.host}:${one.port}`, tlsPort: 0, http: null, isSelf };
    });
    return { nodes };
  }
  if (slots === null) return null;
  const nodes = slots.nodes.map((one) => {
    const { name, id, host, port, tlsPort, http, ranges } = one;
    return { name, id, host, port, tlsPort, http, isSelf: one === slots.myself, slots: ranges };
  });
  return { nodes };
}

function upstreamState({ upstream }: NodeContext): UpstreamSnapshot | null {
  if (upstream === null) return null;
  const { shownAddress, isThere, changedAt, losses, cache } = upstream;
  return {
    address: shownAddress,
    isThere,
    changedAt,
    losses,
    cachedValues: cache.size,
    cachedBytes: cache.bytes,
  };
}

function modelStates(node: NodeContext, sampler: Sampler): ModelState[] {
  return node.devices.runs
    .all()
    .map((series) => modelState(node, series, sampler))
    .sort((a, b) => b.runsPerSecond - a.runsPerSecond);
}

function modelState({ keyspace }: NodeContext, series: ModelSeries, sampler: Sampler): ModelState {
  const { model, device, total, stages, failures, pending, key } = series;
  const mean = (stage: keyof typeof stages) => (total.count === 0 ? 0 : stages[stage].sum / total.count);
  const second = sampler.lastSecondOf(series);
  return {
    ...{ model, device, runs: total.count, pending },
    failures: FAILURES.reduce((sum, failure) => sum + failures[failure], 0),
    runsPerSecond: second?.runsPerSecond ?? 0,
    p50Us: second?.p50Us ?? null,
    p99Us: second?.p99Us ?? null,
    stagesUs: {
      queue: mean('queue'),
      assembly: mean('assembly'),
      compute: mean('compute'),
      reply: mean('reply'),
    },
    batchRows: second?.batchRows ?? null,
    bytes: key === null ? null : (keyspace.bytesOf(key) ?? null),
  };
}

function deviceStates({ devices }: NodeContext): DeviceState[] {
  return devices.all().map(({ name, queueLength, busyThreads, stuckThreads, sessions, counters }) => ({
    ...{ device: name, queueLength, busyThreads, stuckThreads, sessions },
    workerRestarts: counters.workersReplaced,
  }));
}

function keysState({ keyspace }: NodeContext): KeysState {
  return { total: keyspace.size, expiring: keyspace.expiring, byType: keyspace.byType };
}

function memoryState(node: NodeContext): MemoryState {
  const { dataset, clientBytes, rss } = memoryFigures(node);
  const { devices, config } = node;
  return {
    dataBytes: dataset,
    limitBytes: config.maxmemory,
    clientBytes,
    sessionBytes: devices.sessionBytes,
    sessionLimitBytes: devices.settings.backendMemoryLimit,
    rssBytes: rss,
  };
}
