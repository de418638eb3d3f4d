import { expect, test, vi } from 'vitest';
import { buildLargeModel } from '../../scripts/onnx-builder.ts';
import { countedLoop } from '../support/models.ts';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import { floats, type RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();
const soon = { timeout: 10_000, interval: 5 };

async function sessions(client: RespClient): Promise<number> {
  return Number(/ai_sessions:(\d+)/.exec(String(await client.send('INFO', 'MODULES')))?.[1]);
}

async function noneLeft(client: RespClient): Promise<void> {
  await vi.waitFor(async () => expect(await sessions(client)).toBe(0), soon);
}

/** Waits until the node has had so many commands and so many runs wait for a thread. */
async function underWay(commands: number, waiting: number): Promise<void> {
  const { counters, devices } = fixture.node.context;
  await vi.waitFor(
    () =>
      expect({ commands: counters.commands, waiting: devices.queueLength }).toEqual({ commands, waiting }),
    { timeout: 10_000, interval: 1 },
  );
}

test('a model has one session, and none once it is deleted, overwritten or expired', async () => {
  const client = await fixture.start();
  const store = ['AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul')] as const;
  for (const ending of [
    ['AI.MODELDEL', 'm'],
    ['DEL', 'm'],
    ['SET', 'm', 'v'],
    ['PEXPIRE', 'm', 1],
    ['FLUSHALL'],
  ] as const) {
    await client.send('DEL', 'm');
    const before = fixture.node.context.keyspace.usedBytes;
    expect(await client.send(...store)).toBe('OK');
    expect(await client.send(...store)).toBe('OK');
    await vi.waitFor(async () => expect(await sessions(client)).toBe(1), soon);
    expect(await client.send(...ending)).not.toBeInstanceOf(Error);
    await noneLeft(client);
    await client.send('DEL', 'm');
    expect(fixture.node.context.keyspace.usedBytes).toBe(before);
  }
});

test('the session of a model that is deleted while it runs goes when the run ends', async () => {
  const client = await fixture.start();
  const other = await fixture.connect();
  await client.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', countedLoop());
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
  await client.send('AI.TENSORSET', 'rounds', 'INT64', 1, 'VALUES', 300_000);
  const { commands } = fixture.node.context.counters;
  const run = client.send('AI.MODELEXECUTE', 'loop', 'INPUTS', 2, 'x', 'rounds', 'OUTPUTS', 1, 'y');
  await underWay(commands + 1, 0);
  expect(await other.send('DEL', 'loop')).toBe(1);
  expect(await run).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['1']);
  await noneLeft(other);
});

test('so does the second one that is still loading', async () => {
  const client = await fixture.start({ threadsPerQueue: 2 });
  const others = await Promise.all([fixture.connect(), fixture.connect()]);
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', buildLargeModel(10));
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 256, 1024);
  const { commands } = fixture.node.context.counters;
  const runs = others.map((other) => other.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y'));
  await underWay(commands + 2, 1);
  expect(await client.send('DEL', 'm')).toBe(1);
  const answers = (await Promise.all(runs)).map(String);
  expect(answers.sort()).toEqual(['OK', 'ReplyError: ERR model key is empty']);
  // Loads go one after the other: once this one is done, so is the other.
  expect(await client.send('AI.MODELSTORE', 'next', 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
  await vi.waitFor(async () => expect(await sessions(client)).toBe(1), soon);
});

test('a DAG whose model is deleted before its turn ends with an error and loads no session', async () => {
  const client = await fixture.start();
  const other = await fixture.connect();
  await client.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', countedLoop());
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('relu_1x4'));
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 4, 'BLOB', floats(1, 2, 3, 4));
  await client.send('AI.TENSORSET', 'f', 'FLOAT', 1, 'VALUES', 1);
  await client.send('AI.TENSORSET', 'rounds', 'INT64', 1, 'VALUES', 300_000);
  const { commands } = fixture.node.context.counters;
  const slow = ['|>', 'AI.MODELEXECUTE', 'loop', 'INPUTS', 2, 'f', 'rounds', 'OUTPUTS', 1, 'g'];
  const twice = ['|>', 'AI.MODELEXECUTE', 'loop', 'INPUTS', 2, 'g', 'rounds', 'OUTPUTS', 1, 'h'];
  const dag = client.send('AI.DAGEXECUTE', 'LOAD', 2, 'f', 'rounds', ...slow, ...twice);
  await underWay(commands + 1, 0);
  expect(await other.send('DEL', 'loop', 'm')).toBe(2);
  const replies = (await dag) as unknown[];
  expect(replies.map(String)).toEqual(['OK', 'ReplyError: ERR model key is empty']);
  await noneLeft(other);
});

test('stores that fail leave no key, no bytes and no session behind', async () => {
  const client = await fixture.start();
  const { keyspace } = fixture.node.context;
  const before = keyspace.usedBytes;
  const broken = buildLargeModel(1).subarray(0, 500_000);
  for (let i = 0; i < 5; i++) {
    expect(await client.error('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', broken)).toBe(
      'Failed to load model because protobuf parsing failed.',
    );
  }
  expect(await client.send('EXISTS', 'm')).toBe(0);
  expect(keyspace.usedBytes).toBe(before);
  expect(await sessions(client)).toBe(0);
});
