import { createHistogram } from 'node:perf_hooks';
import type { NodeAddress } from '../connection/address.ts';
import { ClusterClient } from '../connection/cluster-client.ts';
import { ServerError } from '../connection/server-connection.ts';
import { RunError, runReplies } from '../models/run-request.ts';
import { Status } from '../terminal/status.ts';
import { formatCount } from '../terminal/text.ts';

export interface LoadOptions {
  readonly address: NodeAddress;
  /** What each client sends again and again. */
  readonly request: readonly (string | Uint8Array)[];
  readonly clients: number;
  readonly warmupSeconds: number;
  readonly durationSeconds: number;
  /** Ends the measurement instead of the duration. */
  readonly requests: number | undefined;
  /** Called when the warm-up is over. */
  readonly measuring: () => Promise<void>;
}

export interface LoadResult {
  /** Those that were answered as they should be. */
  readonly requests: number;
  readonly errors: number;
  readonly firstError: string | null;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** From the moment of sending to the reply, in microseconds. */
  readonly latencyUs: Readonly<Record<'mean' | 'p50' | 'p90' | 'p99' | 'p99.9' | 'max', number>>;
  /** CPU time of this process for each second. */
  readonly clientCores: number;
}

const STATUS_INTERVAL_MS = 250;

/** Keeps one request under way on each connection. @throws Error where a connection breaks. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { address, clients, request, warmupSeconds, durationSeconds, requests, measuring } = options;
  const opened = await Promise.all(Array.from({ length: clients }, () => ClusterClient.open(address)));
  try {
    if (warmupSeconds > 0) await phase('warming up', opened, request, warmupSeconds, undefined);
    await measuring();
    return await phase('measuring', opened, request, durationSeconds, requests);
  } finally {
    for (const client of opened) client.close();
  }
}

async function phase(
  label: string,
  clients: readonly ClusterClient[],
  request: LoadOptions['request'],
  durationSeconds: number,
  most: number | undefined,
): Promise<LoadResult> {
  const latencies = createHistogram();
  let [done, errors, sent] = [0, 0, 0];
  let firstError: string | null = null;
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  const end = most === undefined ? started + durationSeconds * 1000 : Number.POSITIVE_INFINITY;
  const status = new Status();
  const timer = setInterval(() => {
    const rate = (done * 1000) / (performance.now() - started);
    status.show(`${label}: ${done} requests, ${formatCount(rate)}/s, ${errors} failed`);
  }, STATUS_INTERVAL_MS);
  const keepOneUnderWay = async (client: ClusterClient) => {
    for (;;) {
      const at = performance.now();
      if (at >= end || (most !== undefined && sent >= most)) return;
      sent++;
      try {
        runReplies(await client.demand(...request));
        latencies.record(Math.max(1, Math.round((performance.now() - at) * 1e6)));
        done++;
      } catch (error) {
        // One that the server refused; what else there is, such as a broken connection, ends the load.
        if (!(error instanceof ServerError || error instanceof RunError)) throw error;
        errors++;
        firstError ??= error instanceof ServerError ? error.reply : error.message;
      }
    }
  };
  try {
    await Promise.all(clients.map(keepOneUnderWay));
  } finally {
    clearInterval(timer);
    status.clear();
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const us = (percent: number) => latencies.percentile(percent) / 1000;
  return {
    ...{ requests: done, errors, firstError, seconds, requestsPerSecond: done / seconds },
    latencyUs: {
      ...{
        mean: done === 0 ? 0 : latencies.mean / 1000,
        p50: us(50),
        p90: us(90),
        p99: us(99),
        'p99.9': us(99.9),
      },
      max: done === 0 ? 0 : latencies.max / 1000,
    },
    clientCores: (user + system) / 1e6 / seconds,
  };
}
