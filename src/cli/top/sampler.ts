import { formatAddress } from '../connection/address.ts';
import type { ClusterClient, NodePlace } from '../connection/cluster-client.ts';
import { type Info, infoNumber, readInfo } from '../connection/info.ts';
import type { ServerConnection } from '../connection/server-connection.ts';
import { describeModel, type ModelDescription, scanKeys } from '../models/model-description.ts';
import { shown } from '../terminal/text.ts';
import { percentilesBetween } from './latencies.ts';
import { batchRowsBetween, type Series, seriesOf } from './series.ts';

/** What a node counts, as of one moment. */
export interface NodeReading {
  readonly address: string;
  /** Monotonic ms. */
  readonly at: number;
  readonly info: Info;
  readonly series: readonly Series[];
  readonly models: readonly ModelDescription[];
}

export interface LostNode {
  readonly address: string;
  readonly reason: string;
}

export type Reading = readonly (NodeReading | LostNode)[];

const ANSWER_TIMEOUT_MS = 5000;
const LEAST_SCAN_INTERVAL_MS = 10_000;
/** A search for models walks all keys of a node, which then does nothing else: at most this share of its time. */
const SCAN_SHARE = 0.01;

/** Reads what all nodes of a cluster count. */
export class Sampler {
  readonly #client: ClusterClient;
  readonly #models = new Map<string, readonly Buffer[]>();
  readonly #nextScan = new Map<string, number>();
  #places: readonly NodePlace[] = [];

  constructor(client: ClusterClient) {
    this.#client = client;
  }

  /** Nodes that are not there are among them with the reason. @throws Error where no node ever was. */
  async read(): Promise<Reading> {
    try {
      this.#places = await this.#client.places();
    } catch (error) {
      if (this.#places.length === 0) throw error;
    }
    return Promise.all(
      this.#places.map(async (place) => {
        const address = formatAddress(place);
        try {
          return await this.#inTime(address, await this.#client.connection(place));
        } catch (error) {
          return { address, reason: (error as Error).message };
        }
      }),
    );
  }

  /** A node that hangs is as good as gone; its connection goes with it, so that the next reading starts anew. */
  async #inTime(address: string, node: ServerConnection): Promise<NodeReading> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      node.close();
    }, ANSWER_TIMEOUT_MS);
    try {
      return await this.#readNode(address, node);
    } catch (error) {
      throw isLate ? new Error(`${address}: no answer for ${ANSWER_TIMEOUT_MS / 1000} s`) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #readNode(address: string, node: ServerConnection): Promise<NodeReading> {
    const keys = await this.#keys(address, node);
    // Sent at once, they are answered at once: counts that are compared are of one moment.
    const [info, models] = await Promise.all([
      readInfo(node, 'everything'),
      Promise.all(keys.map((key) => describeModel(node, key).catch(() => undefined))),
    ]);
    const at = performance.now();
    return {
      ...{ address, at, info },
      series: seriesOf(info),
      models: models.filter((model) => model !== undefined),
    };
  }

  async #keys(address: string, node: ServerConnection): Promise<readonly Buffer[]> {
    const started = performance.now();
    const known = this.#models.get(address);
    if (known !== undefined && started < (this.#nextScan.get(address) ?? 0)) return known;
    const keys = await scanKeys(node, 'AI._MODELSCAN');
    const now = performance.now();
    this.#models.set(address, keys);
    this.#nextScan.set(address, now + Math.max(LEAST_SCAN_INTERVAL_MS, (now - started) / SCAN_SHARE));
    return keys;
  }
}

export interface NodeRates {
  readonly address: string;
  readonly name: string;
  readonly commandsPerSecond: number;
  /** Runs of the devices: requests that shared one count as one. */
  readonly runsPerSecond: number;
  readonly queue: number;
  /** Cores. */
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly sessionBytes: number;
  readonly clients: number;
  readonly errorsPerSecond: number;
}

export interface ModelRates extends ModelDescription {
  readonly callsPerSecond: number;
  readonly rowsPerSecond: number;
  readonly errorsPerSecond: number;
  /** From the queue to the reply, in us; null where nothing ran since the reading before. */
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  /** On average; null likewise. */
  readonly batchRows: number | null;
  /** Runs that wait or are under way. */
  readonly pending: number;
}

/** Of a reading and itself: not 0, so that rates of nothing are 0. */
function secondsBetween(before: NodeReading, after: NodeReading): number {
  return Math.max(after.at - before.at, 1) / 1000;
}

/** What a node did between two readings. */
export function nodeRates(before: NodeReading, after: NodeReading): NodeRates {
  const seconds = secondsBetween(before, after);
  // A node that has started again counts from 0.
  const rate = (name: string) =>
    Math.max(0, infoNumber(after.info, name) - infoNumber(before.info, name)) / seconds;
  return {
    address: after.address,
    name: after.info.get('tessera_node') ?? after.address,
    commandsPerSecond: rate('total_commands_processed'),
    runsPerSecond: rate('ai_runs'),
    queue: infoNumber(after.info, 'ai_queue_length'),
    // Where a Redis has the keys, the fields without ai_self are of that Redis.
    cpu: rate('ai_self_used_cpu_user') + rate('ai_self_used_cpu_sys'),
    memoryBytes: infoNumber(after.info, 'used_memory_rss'),
    sessionBytes: infoNumber(after.info, 'ai_session_bytes'),
    clients: infoNumber(after.info, 'connected_clients'),
    errorsPerSecond: rate('total_error_replies'),
  };
}

/** What the models of a node did between two readings. */
export function modelRates(before: NodeReading, after: NodeReading): ModelRates[] {
  const seconds = secondsBetween(before, after);
  const earlier = new Map(before.models.map((model) => [model.key, model]));
  return after.models.map((model) => {
    const was = earlier.get(model.key);
    // One that was stored again counts from 0.
    const since = was !== undefined && was.calls <= model.calls ? was : undefined;
    const calls = model.calls - (since?.calls ?? 0);
    const isOwn = ({ key, device }: Series) =>
      shown(key) === model.key && device === model.device.toUpperCase();
    const [then, now] = [before.series.filter(isOwn), after.series.filter(isOwn)];
    const [p50Us = null, p99Us = null] =
      percentilesBetween(
        then.map(({ latencies }) => latencies),
        now.map(({ latencies }) => latencies),
        [50, 99],
      ) ?? [];
    return {
      ...model,
      callsPerSecond: calls / seconds,
      rowsPerSecond: (model.samples - (since?.samples ?? 0)) / seconds,
      errorsPerSecond: (model.errors - (since?.errors ?? 0)) / seconds,
      ...{ p50Us, p99Us },
      batchRows: batchRowsBetween(then, now),
      pending: now.reduce((sum, each) => sum + each.pending, 0),
    };
  });
}
