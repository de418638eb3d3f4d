import type { NodeContext } from '../node-context.ts';

/** Bytes of a node and of its process. */
export interface MemoryFigures {
  /** Held by keys, values and clients. */
  readonly used: number;
  /** Held by keys and values, also of requests under way: what maxmemory bounds. */
  readonly dataset: number;
  /** The most that was held. */
  readonly peak: number;
  /** Of the whole process. */
  readonly rss: number;
  /** Requests that are not complete, commands that wait for EXEC, and replies that are not sent. */
  readonly clientBytes: number;
  /** JavaScript's own heap. */
  readonly heapUsed: number;
  /** Outside of that heap and counted by it; shared buffers are not. */
  readonly external: number;
  /** The process's bytes over those that are known to be in use, as Redis's fragmentation ratio. */
  readonly fragmentation: number;
}

export function memoryFigures({ keyspace, statistics, clients }: NodeContext): MemoryFigures {
  const { rss, heapUsed, external } = process.memoryUsage();
  const dataset = keyspace.usedBytes;
  let clientBytes = 0;
  for (const client of clients.values()) clientBytes += client.memoryBytes;
  const used = dataset + clientBytes;
  statistics.peakBytes = Math.max(used, statistics.peakBytes);
  return {
    used,
    dataset,
    peak: statistics.peakBytes,
    rss,
    clientBytes,
    heapUsed,
    external,
    fragmentation: rss / (used + heapUsed + external),
  };
}
