import { EventEmitter } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { NodeContext } from '../../node-context.ts';
import { LatencyHistogram } from '../latency-histogram.ts';
import type { ModelSeries } from '../model-series.ts';
import { pruneSeries } from '../prune-series.ts';
import type { NodeSample } from './snapshot-types.ts';

const INTERVAL_MS = 1000;
export const HISTORY_SECONDS = 300;
const EVENT_LOOP_RESOLUTION_MS = 20;

/** What a model did in the last second. */
export interface ModelSecond {
  readonly runsPerSecond: number;
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  readonly batchRows: number | null;
}

/** Counts of a series at the last look. */
interface Seen {
  readonly total: LatencyHistogram;
  readonly batches: number;
  readonly rows: number;
}

interface Counts {
  readonly at: number;
  readonly commands: number;
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of the process, in us. */
  readonly cpu: number;
}

/** Looks at the node once a second, and keeps the last minutes. */
export class Sampler {
  readonly history: NodeSample[] = [];
  readonly #node: NodeContext;
  readonly #events = new EventEmitter<{ sample: [NodeSample] }>().setMaxListeners(0);
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>;
  readonly #timer: NodeJS.Timeout;
  readonly #seen = new WeakMap<ModelSeries, Seen>();
  #models = new Map<ModelSeries, ModelSecond>();
  #counts: Counts;

  constructor(node: NodeContext) {
    this.#node = node;
    this.#counts = this.#countsNow();
    this.#delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
    this.#delay.enable();
    this.#timer = setInterval(() => this.#sample(), INTERVAL_MS).unref();
  }

  /** What the model did in the last second; undefined where it has not run by then. */
  lastSecondOf(series: ModelSeries): ModelSecond | undefined {
    return this.#models.get(series);
  }

  /** @param listener gets each sample. @returns a function that ends it. */
  subscribe(listener: (sample: NodeSample) => void): () => void {
    this.#events.on('sample', listener);
    return () => this.#events.off('sample', listener);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
    this.#events.removeAllListeners();
  }

  #sample(): void {
    const { devices, clients, keyspace } = this.#node;
    pruneSeries(this.#node);
    const before = this.#counts;
    const now = this.#countsNow();
    this.#counts = now;
    const seconds = Math.max(0.001, (now.at - before.at) / 1000);
    const perSecond = (of: keyof Counts) => Math.max(0, now[of] - before[of]) / seconds;
    const { runs, batches, rows } = this.#lookAtModels(seconds);
    const sample: NodeSample = {
      at: Date.now(),
      commandsPerSecond: perSecond('commands'),
      runsPerSecond: runs.count / seconds,
      errorsPerSecond: perSecond('errors'),
      bytesInPerSecond: perSecond('bytesIn'),
      bytesOutPerSecond: perSecond('bytesOut'),
      ...{ runP50Us: percentile(runs, 50), runP99Us: percentile(runs, 99) },
      batchRows: batches === 0 ? null : rows / batches,
      queueLength: devices.queueLength,
      clients: clients.size,
      dataBytes: keyspace.usedBytes,
      rssBytes: process.memoryUsage.rss(),
      // The monitor counts the time between its ticks.
      eventLoopDelayMs: Math.max(0, this.#delay.max / 1e6 - EVENT_LOOP_RESOLUTION_MS),
      cpuCores: perSecond('cpu') / 1e6,
    };
    this.#delay.reset();
    this.history.push(sample);
    if (this.history.length > HISTORY_SECONDS) this.history.shift();
    this.#events.emit('sample', sample);
  }

  /** @returns the runs and batches of all models since the last look. */
  #lookAtModels(seconds: number): { runs: LatencyHistogram; batches: number; rows: number } {
    const all = { runs: new LatencyHistogram(), batches: 0, rows: 0 };
    this.#models = new Map();
    for (const series of this.#node.devices.runs.all()) {
      const seen = this.#seen.get(series);
      if (seen?.total.count === series.total.count) continue;
      const runs = new LatencyHistogram();
      runs.add(series.total, seen?.total);
      all.runs.add(runs);
      const { count: batches, sum: rows } = series.rows;
      const newBatches = batches - (seen?.batches ?? 0);
      const newRows = rows - (seen?.rows ?? 0);
      all.batches += newBatches;
      all.rows += newRows;
      this.#models.set(series, {
        runsPerSecond: runs.count / seconds,
        ...{ p50Us: percentile(runs, 50), p99Us: percentile(runs, 99) },
        batchRows: newBatches === 0 ? null : newRows / newBatches,
      });
      this.#seen.set(series, { total: series.total.copy(), batches, rows });
    }
    return all;
  }

  #countsNow(): Counts {
    const { statistics } = this.#node;
    const { user, system } = process.cpuUsage();
    return {
      at: performance.now(),
      commands: statistics.commands,
      errors: statistics.errorReplies,
      bytesIn: statistics.traffic.bytesIn,
      bytesOut: statistics.traffic.bytesOut,
      cpu: user + system,
    };
  }
}

function percentile(durations: LatencyHistogram, percent: number): number | null {
  return durations.count === 0 ? null : durations.percentile(percent);
}
