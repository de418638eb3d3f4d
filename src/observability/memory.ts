import type { NodeContext } from '../node-context.ts';

/** Bytes of a node and of its process. */
export interface MemoryFigures {
  /** Held by keys and values. */
  readonly used: number;
  /** The most that they have held. */
  readonly peak: number;
  /** Of the whole process. */
  readonly rss: number;
  /** Requests that are not complete and replies that are not sent. */
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
  const used = keyspace.usedBytes;
  let clientBytes = 0;
  for (const client of clients.values()) clientBytes += client.queryBytes + client.outputBytes;
  return {
    used,
    peak: Math.max(used, statistics.peakBytes),
    rss,
    clientBytes,
    heapUsed,
    external,
    fragmentation: rss / (used + heapUsed + external),
  };
}
