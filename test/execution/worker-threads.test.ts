import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildLargeModel } from '../../scripts/onnx-builder.ts';
import { countedLoop } from '../support/models.ts';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import type { RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();
const DIED = 'ERR the worker that ran this model ended unexpectedly';

/** The threads that the node started, in order: its device loads the first model in the first one. */
const threads: Worker[] = [];
const remember = (worker: Worker) => threads.push(worker);

beforeEach(() => {
  threads.length = 0;
  process.on('worker', remember);
});
afterEach(() => {
  process.off('worker', remember);
});

async function until(commands: number, waiting: number): Promise<void> {
  const { statistics, devices } = fixture.node.context;
  await vi.waitFor(
    () =>
      expect({ commands: statistics.commands, waiting: devices.queueLength }).toEqual({ commands, waiting }),
    { timeout: 10_000, interval: 1 },
  );
}

async function executionInfo(client: RespClient): Promise<Record<string, number>> {
  const text = String(await client.send('INFO', 'MODULES'));
  return Object.fromEntries([...text.matchAll(/^(ai_\w+):(\d+)\r$/gm)].map(([, k, v]) => [k, Number(v)]));
}

async function prepare(client: RespClient): Promise<void> {
  await client.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', countedLoop());
  await client.send('AI.MODELSTORE', 'mul', 'ONNX', 'CPU', 'BLOB', model('mul'));
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
  await client.send('AI.TENSORSET', 'many', 'INT64', 1, 'VALUES', 500_000);
  await client.send('AI.TENSORSET', 'one', 'INT64', 1, 'VALUES', 1);
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 3, 4);
}

const loop = (rounds: string) =>
  ['AI.MODELEXECUTE', 'loop', 'INPUTS', 2, 'x', rounds, 'OUTPUTS', 1, 'y'] as const;
const mul = ['AI.MODELEXECUTE', 'mul', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'b'] as const;

test('a thread that dies in the middle of a run costs that run only', async () => {
  const client = await fixture.start();
  const [second, third] = await Promise.all([fixture.connect(), fixture.connect()]);
  await client.send('AI.MODELSTORE', 'texts', 'ONNX', 'CPU', 'BLOB', model('string_identity'));
  await prepare(client);
  // Long work before the runtime is called: inside of it no thread can end without the process.
  const words = Buffer.from('a\0'.repeat(1_000_000));
  await client.send('AI.TENSORSET', 'words', 'STRING', 500_000, 2, 'BLOB', words);
  await client.send('AI.TENSORSET', 'word', 'STRING', 1, 1, 'VALUES', 'b');
  const copy = (input: string) =>
    ['AI.MODELEXECUTE', 'texts', 'INPUTS', 1, input, 'OUTPUTS', 1, 'y'] as const;
  const { commands } = fixture.node.context.statistics;
  const lost = client.error(...copy('words'));
  const same = second.send(...copy('word'));
  const other = third.send(...mul);
  // One run at a time: that two wait means that the first is in its thread.
  await until(commands + 3, 2);
  await threads[0]?.terminate();
  expect(await lost).toBe(DIED);
  expect(await same).toBe('OK');
  expect(await other).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['b']);
  expect(await client.send('AI.TENSORGET', 'b', 'VALUES')).toEqual(['9', '16']);
  const info = (await client.send('AI.INFO', 'texts')) as unknown[];
  expect(info.slice(-6)).toEqual(['samples', 1, 'calls', 2, 'errors', 1]);
  expect(await executionInfo(client)).toMatchObject({ ai_workers_replaced: 1, ai_runs_timed_out: 0 });
});

test('a thread that dies while it loads costs that model only', async () => {
  const client = await fixture.start();
  const other = await fixture.connect();
  await prepare(other);
  const before = fixture.node.context.keyspace.usedBytes;
  const { commands } = fixture.node.context.statistics;
  const lost = client.error('AI.MODELSTORE', 'large', 'ONNX', 'CPU', 'BLOB', buildLargeModel(20));
  await until(commands + 1, 0);
  await Promise.all(threads.map((thread) => thread.terminate()));
  expect(await lost).toBe(DIED);
  expect(await client.send('EXISTS', 'large')).toBe(0);
  expect(fixture.node.context.keyspace.usedBytes).toBe(before);
  expect(await other.send(...mul)).toBe('OK');
  expect(await client.send('AI.MODELSTORE', 'large', 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
});

test('a thread that dies while it is idle costs nothing', async () => {
  const client = await fixture.start();
  await prepare(client);
  expect(await client.send(...mul)).toBe('OK');
  await Promise.all(threads.map((thread) => thread.terminate()));
  expect(await client.send(...mul)).toBe('OK');
  expect(await client.send(...loop('one'))).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['-1']);
  expect(await executionInfo(client)).toMatchObject({ ai_workers_replaced: 2, ai_sessions: 2 });
});
