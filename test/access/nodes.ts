import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { type NodeOptions, TesseraNode } from '../../src/node.ts';

/** An empty folder of the test's own. */
export function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'tessera-access-'));
}

/** A node in this process, on loopback and a port that the system chose where the options do not say otherwise. */
export async function startAccessNode(options: Partial<NodeOptions> = {}): Promise<TesseraNode> {
  const node = new TesseraNode({
    name: 'test',
    id: 'a'.repeat(40),
    host: '127.0.0.1',
    port: 0,
    dataDirectory: temporaryFolder(),
    slots: null,
    devices: {
      threadsPerQueue: 1,
      intraOpParallelism: 1,
      interOpParallelism: 1,
      maxQueueLength: 10_000,
      backendMemoryLimit: 0,
      executionTimeoutMs: 5000,
      loadTimeoutMs: 60_000,
    },
    maxmemory: 0,
    log: pino({ level: 'silent' }),
    ...options,
  });
  await node.listen();
  return node;
}
