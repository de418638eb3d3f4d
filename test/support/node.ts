import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { type NodeOptions, TesseraNode } from '../../src/node.ts';

/** A node outside cluster mode on a port that the system chose, in this process. */
export async function startNode(
  overrides: Partial<NodeOptions['devices']> = {},
  maxmemory = 0,
  others: Partial<NodeOptions> = {},
): Promise<TesseraNode> {
  const node = new TesseraNode({
    name: 'test',
    id: 'a'.repeat(40),
    host: '127.0.0.1',
    port: 0,
    dataDirectory: mkdtempSync(path.join(tmpdir(), 'tessera-')),
    slots: null,
    devices: {
      threadsPerQueue: 1,
      intraOpParallelism: 1,
      interOpParallelism: 1,
      maxQueueLength: 10_000,
      backendMemoryLimit: 0,
      executionTimeoutMs: 5000,
      loadTimeoutMs: 60_000,
      ...overrides,
    },
    maxmemory,
    log: pino({ level: 'silent' }),
    ...others,
  });
  await node.listen();
  return node;
}

/** The bytes of a test model. */
export function model(name: string): Buffer {
  return readFileSync(new URL(`../models/${name}.onnx`, import.meta.url));
}

/** The bytes of a TensorFlow Lite test model. */
export function tfliteModel(name: string): Buffer {
  return readFileSync(new URL(`../models/${name}.tflite`, import.meta.url));
}
