import { describe, expect, test, vi } from 'vitest';
import { buildLargeModel } from '../../scripts/onnx-builder.ts';
import type { StoredModel } from '../../src/backends/model.ts';
import { queueLimit } from '../../src/execution/run-queue.ts';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { countedLoop, oneOperator } from '../support/models.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import { RespClient } from '../support/resp-client.ts';
import { startServe } from '../support/serve.ts';

const fixture = nodeFixture();
const large = buildLargeModel(1);
const loop = countedLoop();
const neg = oneOperator('Neg');
const soon = { timeout: 10_000, interval: 1 };

const store = (key: string, blob: Uint8Array, ...options: (string | number)[]) =>
  ['AI.MODELSTORE', key, 'ONNX', 'CPU', ...options, 'BLOB', blob] as const;
const run = (key: string, input = 'x') =>
  ['AI.MODELEXECUTE', key, 'INPUTS', 1, input, 'OUTPUTS', 1, `out-${key}`] as const;
const runLoop = (rounds: string) =>
  ['AI.MODELEXECUTE', 'loop', 'INPUTS', 2, 'f', rounds, 'OUTPUTS', 1, 'g'] as const;

async function start(backendMemoryLimit: number, threadsPerQueue = 1): Promise<RespClient> {
  const client = await fixture.start({ backendMemoryLimit, threadsPerQueue });
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 1024);
  await client.send('AI.TENSORSET', 'pair', 'FLOAT', 1, 2, 'VALUES', 1, 2);
  await client.send('AI.TENSORSET', 'f', 'FLOAT', 1, 'VALUES', 1);
  await client.send('AI.TENSORSET', 'long', 'INT64', 1, 'VALUES', 300_000);
  return client;
}

function stored(key: string): StoredModel {
  return (fixture.node.context.keyspace.get(key) as { model: StoredModel }).model;
}

/** Which of the models have sessions, and how many. */
function loaded(...keys: string[]): Record<string, number> {
  const { devices } = fixture.node.context;
  return Object.fromEntries(keys.map((key) => [key, devices.sessionsOf('CPU', stored(key).id)]));
}

async function info(client: RespClient): Promise<Record<string, number>> {
  const text = String(await client.send('INFO', 'MODULES'));
  return Object.fromEntries([...text.matchAll(/^(ai_\w+):(\d+)\r$/gm)].map(([, k, v]) => [k, Number(v)]));
}

/** Waits until the node has had one more command, and that many runs wait for a thread. */
async function begun(commands: number, waiting: number): Promise<void> {
  const { statistics, devices } = fixture.node.context;
  await vi.waitFor(
    () =>
      expect({ commands: statistics.commands, waiting: devices.queueLength }).toEqual({ commands, waiting }),
    soon,
  );
}

describe('where all models together are too large', () => {
  test('the session that was idle the longest goes, and comes back when its model runs', async () => {
    const limit = 3 * large.length;
    const client = await start(limit);
    for (const key of ['a', 'b', 'c']) expect(await client.send(...store(key, large))).toBe('OK');
    expect(await client.send(...run('a'))).toBe('OK');
    const before = await client.send('AI.TENSORGET', 'out-a', 'BLOB');
    expect(await client.send(...store('d', large))).toBe('OK');
    expect(loaded('a', 'b', 'c', 'd')).toEqual({ a: 1, b: 0, c: 1, d: 1 });
    expect(await info(client)).toMatchObject({
      ...{ ai_sessions: 3, ai_sessions_unloaded: 1, ai_session_bytes: limit, ai_session_bytes_limit: limit },
      ai_onnxruntime_memory: limit,
    });
    expect(await client.send(...run('b'))).toBe('OK');
    expect(await client.send('AI.TENSORGET', 'out-b', 'BLOB')).toEqual(before);
    expect(loaded('a', 'b', 'c', 'd')).toEqual({ a: 1, b: 1, c: 0, d: 1 });
    // What is deleted makes room, too.
    expect(await client.send('DEL', 'd')).toBe(1);
    expect(await client.send(...run('c'))).toBe('OK');
    expect(await info(client)).toMatchObject({ ai_sessions: 3, ai_sessions_unloaded: 2 });
  });

  test('models take turns, and a load serves all that wait for it', async () => {
    const client = await start(large.length);
    const keys = ['a', 'b', 'c'];
    for (const key of keys) expect(await client.send(...store(key, large))).toBe('OK');
    const { devices, keyspace } = fixture.node.context;
    const { tensor } = keyspace.get('x') as { tensor: Tensor };
    const sizes = new Set<number>();
    const runs = Array.from({ length: 90 }, async (_, i) => {
      const key = keys[i % 3] as string;
      await devices.get('CPU', 'ONNX').run(key, stored(key), [tensor], queueLimit(undefined));
      sizes.add(devices.sessionBytes);
    });
    await Promise.all(runs);
    expect([...sizes]).toEqual([large.length]);
    expect(devices.counters()).toMatchObject({ runs: 90, sessionsMade: 6 });
  });

  test('so they do on several devices', async () => {
    const client = await start(large.length);
    for (const device of ['CPU:1', 'CPU:2', 'CPU:3']) {
      const reply = await client.send('AI.MODELSTORE', device, 'ONNX', device, 'BLOB', large);
      expect(reply).toBe('OK');
    }
    const others = await Promise.all(Array.from({ length: 6 }, fixture.connect));
    const runs = others.map(async (other, i) => {
      for (let k = 0; k < 3; k++) expect(await other.send(...run(`CPU:${1 + (i % 3)}`))).toBe('OK');
    });
    await Promise.all(runs);
    expect((await info(client)).ai_session_bytes).toBe(large.length);
  });

  test('a model gets no second session at the cost of another one', async () => {
    const client = await start(loop.length + neg.length, 2);
    const other = await fixture.connect();
    await client.send(...store('loop', loop));
    await client.send(...store('neg', neg));
    expect(await Promise.all([client.send(...runLoop('long')), other.send(...runLoop('long'))])).toEqual([
      'OK',
      'OK',
    ]);
    expect(loaded('loop', 'neg')).toEqual({ loop: 1, neg: 1 });
    expect((await info(client)).ai_sessions_unloaded).toBe(0);
  });
});

describe('no session goes', () => {
  test('that runs: the load waits', async () => {
    const client = await start(loop.length + large.length - 1);
    const other = await fixture.connect();
    await client.send(...store('loop', loop));
    const { commands } = fixture.node.context.statistics;
    const order: string[] = [];
    const running = client.send(...runLoop('long')).then((reply) => order.push(`run ${reply}`));
    await begun(commands + 1, 0);
    const storing = other.send(...store('a', large)).then((reply) => order.push(`store ${reply}`));
    await Promise.all([running, storing]);
    expect(order).toEqual(['run OK', 'store OK']);
    expect(loaded('loop', 'a')).toEqual({ loop: 0, a: 1 });
  });

  test('that a run needs which has waited longer than the load', async () => {
    const client = await start(loop.length + large.length);
    const [second, third] = await Promise.all([fixture.connect(), fixture.connect()]);
    await client.send(...store('loop', loop));
    await client.send(...store('a', large));
    const { commands } = fixture.node.context.statistics;
    const order: string[] = [];
    const replies = [client.send(...runLoop('long')).then((reply) => order.push(`loop ${reply}`))];
    await begun(commands + 1, 0);
    replies.push(second.send(...run('a')).then((reply) => order.push(`a ${reply}`)));
    await begun(commands + 2, 1);
    replies.push(third.send(...store('b', large)).then((reply) => order.push(`b ${reply}`)));
    await Promise.all(replies);
    expect(order).toEqual(['loop OK', 'a OK', 'b OK']);
    // Each was loaded once.
    expect(fixture.node.context.devices.counters().sessionsMade).toBe(3);
  });

  test('but for one whose runs wait for MINBATCHSIZE', async () => {
    const client = await start(large.length);
    const others = await Promise.all(Array.from({ length: 2 }, fixture.connect));
    const { commands } = fixture.node.context.statistics;
    await client.send(...store('waits', large, 'BATCHSIZE', 4, 'MINBATCHSIZE', 2));
    const [first, last] = others as [RespClient, RespClient];
    const waiting = first.send(...run('waits'));
    await begun(commands + 2, 1);
    expect(await client.send(...store('b', large))).toBe('OK');
    expect(loaded('waits', 'b')).toEqual({ waits: 0, b: 1 });
    expect(await last.send(...run('waits'))).toBe('OK');
    expect(await waiting).toBe('OK');
    expect(loaded('waits', 'b')).toEqual({ waits: 1, b: 0 });
  });
});

describe('a model that does not fit alone', () => {
  const tooLarge = (most: number) =>
    `Onnxruntime memory limit exceeded: the model takes ${large.length} bytes, BACKEND_MEMORY_LIMIT leaves ${most}`;

  test('is refused, and nothing goes for it', async () => {
    const client = await start(large.length - 1);
    await client.send(...store('neg', neg));
    expect(await client.error(...store('a', large))).toBe(tooLarge(large.length - 1));
    expect(await client.send('EXISTS', 'a')).toBe(0);
    expect(loaded('neg')).toEqual({ neg: 1 });
    expect(await client.send(...store('a', neg))).toBe('OK');
  });

  test('gets that answer for its runs, where the limit was lowered later', async () => {
    const client = await start(0);
    await client.send(...store('a', large));
    await client.send(...store('neg', neg));
    expect(await client.send('CONFIG', 'SET', 'backend-memory-limit', '1000kb')).toBe('OK');
    await expect.poll(async () => (await info(client)).ai_session_bytes).toBe(neg.length);
    expect(await client.error(...run('a'))).toBe(tooLarge(1_024_000));
    expect(await client.send(...run('neg', 'pair'))).toBe('OK');
    expect(await client.send('CONFIG', 'SET', 'backend-memory-limit', '0')).toBe('OK');
    expect(await client.send(...run('a'))).toBe('OK');
  });

  test('beside a run that does not end is refused as long as that takes', async () => {
    const limit = loop.length + large.length - 1;
    const client = await fixture.start({ backendMemoryLimit: limit, executionTimeoutMs: 50 });
    await client.send('AI.TENSORSET', 'f', 'FLOAT', 1, 'VALUES', 1);
    await client.send('AI.TENSORSET', 'long', 'INT64', 1, 'VALUES', 1_000_000);
    await client.send(...store('loop', loop));
    expect(await client.error(...runLoop('long'))).toBe('Exiting due to terminate flag being set to true');
    expect(await client.error(...store('a', large))).toBe(tooLarge(large.length - 1));
    const { devices } = fixture.node.context;
    await expect.poll(() => devices.sessionBytes, { timeout: 30_000 }).toBe(0);
    expect(await client.send(...store('a', large))).toBe('OK');
  });
});

describe('the limit', () => {
  test('is AI.CONFIG BACKEND_MEMORY_LIMIT in MB, and lowering it frees what is idle', async () => {
    const client = await start(0);
    const get = ['AI.CONFIG', 'GET', 'BACKEND_MEMORY_LIMIT'] as const;
    expect(await client.send(...get)).toBe(0);
    for (const key of ['a', 'b', 'c']) await client.send(...store(key, large));
    expect(await client.send('AI.CONFIG', 'backend_memory_limit', 3)).toBe('OK');
    expect(await client.send(...get)).toBe(3);
    expect(await client.send('CONFIG', 'GET', 'backend-memory-limit')).toEqual([
      ...['backend-memory-limit', '3145728'],
    ]);
    // The models are a little larger than 1 MiB each.
    await expect.poll(async () => (await info(client)).ai_sessions).toBe(2);
    expect(loaded('a', 'b', 'c')).toEqual({ a: 0, b: 1, c: 1 });
    expect(await info(client)).toMatchObject({ ai_backend_memory_limit: 3, ai_sessions_unloaded: 1 });
  });

  test.each([
    [[], 'ERR BACKEND_MEMORY_LIMIT: missing memory limit'],
    [['-1'], 'ERR BACKEND_MEMORY_LIMIT: invalid memory limit'],
    [['1.5'], 'ERR BACKEND_MEMORY_LIMIT: invalid memory limit'],
    [['9007199254740991'], 'ERR BACKEND_MEMORY_LIMIT: invalid memory limit'],
  ])('cannot be %j', async (args, why) => {
    const client = await fixture.start();
    expect(await client.error('AI.CONFIG', 'BACKEND_MEMORY_LIMIT', ...args)).toBe(why);
    expect(await client.send('AI.CONFIG', 'GET', 'BACKEND_MEMORY_LIMIT')).toBe(0);
  });

  test('is an argument of serve, as the length of the queue is', async () => {
    const node = await startServe('--backend-memory-limit', '1mb', '--max-queue-length', '77');
    try {
      const client = await RespClient.connect(node.port);
      expect(await client.send('CONFIG', 'GET', 'backend-memory-limit', 'max-queue-length')).toEqual([
        ...['backend-memory-limit', '1048576', 'max-queue-length', '77'],
      ]);
      expect(await client.error(...store('a', large))).toMatch(/^Onnxruntime memory limit exceeded: /);
      expect(await client.send(...store('m', neg))).toBe('OK');
      client.close();
    } finally {
      await node.stop();
    }
  });
});
