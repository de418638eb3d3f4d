import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { countedLoop } from '../support/models.ts';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import type { RespClient } from '../support/resp-client.ts';
import { callOf, storeFunction } from '../support/torch-scripts.ts';

const fixture = nodeFixture();
const LIMIT = { executionTimeoutMs: 300 };
const CUT = 'ERR the script was cut: it ran longer than MODEL_EXECUTION_TIMEOUT, 300 ms';

async function prepare(client: RespClient): Promise<void> {
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 2, 3);
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
}

const run = ['AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'b'] as const;

describe('a script that runs too long', () => {
  test.each([
    ['while True: pass'],
    ['while True:', '    x = tensors[0] + 1'],
    ['while bool(tensors[0].sum() > 0): pass'],
    ['for i in range(1000000):', '    for j in range(1000000): pass'],
    ['while True: redis.execute("INCR", "n")'],
    ['while True: redisAI.model_execute("m", [tensors[0], tensors[0]], 1)'],
  ])('is cut, and the others of its device go on: %s', async (...lines) => {
    const client = await fixture.start(LIMIT);
    await prepare(client);
    await storeFunction(client, 's', ...lines);
    const other = await fixture.connect();
    const late = client.error(...callOf('s', { inputs: ['a'] }));
    const replies = await Promise.all([late, other.send('PING'), other.send(...run)]);
    expect(replies).toEqual([CUT, 'PONG', 'OK']);
    expect(await client.send(...run)).toBe('OK');
    // Its thread came back by itself.
    expect(fixture.node.context.devices.counters()).toMatchObject({ timedOutRuns: 0, workersReplaced: 0 });
    const info = (await client.send('AI.INFO', 's')) as unknown[];
    expect(info[info.indexOf('errors') + 1]).toBe(1);
  });

  test('because of the model that it waits for is cut, and the model with it', async () => {
    const client = await fixture.start({ executionTimeoutMs: 100 });
    await prepare(client);
    await client.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', countedLoop());
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
    await client.send('AI.TENSORSET', 'n', 'INT64', 1, 'VALUES', 600_000);
    await storeFunction(client, 's', 'return redisAI.model_execute("loop", tensors, 1)');
    expect(await client.error(...callOf('s', { inputs: ['x', 'n'], outputs: ['y'] }))).toBe(
      CUT.replace('300', '100'),
    );
    expect(await client.send(...run)).toBe('OK');
    await expect.poll(() => fixture.node.context.devices.stuckThreads, { timeout: 30_000 }).toBe(0);
  });

  test('ends when its client is killed', async () => {
    const client = await fixture.start({ executionTimeoutMs: 60_000 });
    await prepare(client);
    await storeFunction(client, 's', 'redis.execute("SET", "began", "1")', 'while True: pass');
    const id = Number(await client.send('CLIENT', 'ID'));
    const late = client.send(...callOf('s')).catch(() => 'closed');
    const other = await fixture.connect();
    await expect.poll(() => other.send('GET', 'began')).toBe('1');
    await other.send('CLIENT', 'KILL', 'ID', id);
    expect(await late).toBe('closed');
    await expect.poll(() => fixture.node.context.devices.busyThreads).toBe(0);
    expect(await other.send(...run)).toBe('OK');
  });

  test('ends with its node', async () => {
    const client = await fixture.start({ executionTimeoutMs: 60_000 });
    await storeFunction(client, 's', 'redis.execute("SET", "began", "1")', 'while True: pass');
    const late = client.send(...callOf('s')).catch(() => 'closed');
    const other = await fixture.connect();
    await expect.poll(() => other.send('GET', 'began')).toBe('1');
    await fixture.node.close();
    expect(await late).toBe('closed');
  });
});

test('a command that waits for CLIENT PAUSE is not run for a script that was cut meanwhile', async () => {
  const client = await fixture.start({ executionTimeoutMs: 1000 });
  await storeFunction(client, 's', 'while True: redis.execute("INCR", "n")');
  const other = await fixture.connect();
  const late = client.error(...callOf('s'));
  await expect.poll(() => other.send('EXISTS', 'n')).toBe(1);
  await other.send('CLIENT', 'PAUSE', 60_000, 'WRITE');
  const counted = await other.send('GET', 'n');
  expect(await late).toBe(CUT.replace('300', '1000'));
  await other.send('CLIENT', 'UNPAUSE');
  expect(await other.send('GET', 'n')).toBe(counted);
});

describe('a script whose client is gone before it begins', () => {
  test('does nothing', async () => {
    const client = await fixture.start({ executionTimeoutMs: 60_000 });
    await storeFunction(
      client,
      'wait',
      'redis.execute("SET", "began", "1")',
      'while str(redis.execute("GET", "go")) == "None": pass',
    );
    await storeFunction(client, 's', 'redis.execute("SET", "written", "1")');
    const waiting = client.send(...callOf('wait'));
    const [gone, other] = [await fixture.connect(), await fixture.connect()];
    await expect.poll(() => other.send('GET', 'began')).toBe('1');
    const id = Number(await gone.send('CLIENT', 'ID'));
    const queued = gone.send(...callOf('s')).catch(() => 'closed');
    await expect.poll(() => fixture.node.context.devices.queueLength).toBe(1);
    await other.send('CLIENT', 'KILL', 'ID', id);
    await other.send('SET', 'go', '1');
    expect([await waiting, await queued]).toEqual(['OK', 'closed']);
    await expect.poll(() => fixture.node.context.devices.busyThreads).toBe(0);
    expect(await other.send('EXISTS', 'written')).toBe(0);
    const info = (await other.send('AI.INFO', 's')) as unknown[];
    expect(info[info.indexOf('errors') + 1]).toBe(1);
  });
});

describe('memory', () => {
  test.each([
    ['x = [1]', 'while True: x = x + x'],
    ['x = "ab"', 'while True: x = x + x'],
    ['x = [0] * 100000000', 'return torch.tensor(len(x))'],
    ['x = [tensors[0]]', 'while True: x.append(x[-1] + 1)'],
    ['return torch.zeros([100000, 100000])'],
    ['return tensors[0].expand(1000000000, 2).contiguous()'],
    ['x = tensors[0]', 'while True:', '    x = torch.cat([x, x])', '    n = int(x.sum())'],
  ])('that is too much ends the script, and nothing else: %s', async (...lines) => {
    const client = await fixture.start({ executionTimeoutMs: 600 });
    await prepare(client);
    await storeFunction(client, 's', ...lines);
    expect(await client.error(...callOf('s', { inputs: ['a'], outputs: ['x'] }))).not.toMatch(
      /^no error|internal/,
    );
    expect(await client.send(...run)).toBe('OK');
  });
});

test('scripts never hold all threads of a device: one is left for the models that they wait for', async () => {
  const client = await fixture.start({ threadsPerQueue: 2 });
  await prepare(client);
  await storeFunction(
    client,
    's',
    'x = tensors[0]',
    'for i in range(10):',
    '    x = redisAI.model_execute("m", [x, x], 1)[0] / x',
    'return x',
  );
  const clients = await Promise.all(Array.from({ length: 8 }, () => fixture.connect()));
  const replies = await Promise.all(
    clients.map((one, i) => one.send(...callOf('s', { inputs: ['a'], outputs: [`b${i}`] }))),
  );
  expect(replies).toEqual(replies.map(() => 'OK'));
  expect(await client.send('AI.TENSORGET', 'b7', 'VALUES')).toEqual(['2', '3']);
});

describe('a model that a script waits for, and that only the thread which waits has,', () => {
  /** A script and the model `m` in one thread, the model `loop` in the other. */
  async function share(): Promise<RespClient> {
    const client = await fixture.start();
    await storeFunction(client, 's', 'return redisAI.model_execute("m", [tensors[0], tensors[0]], 1)');
    await client.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', countedLoop());
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
    await client.send('AI.TENSORSET', 'n', 'INT64', 1, 'VALUES', 300_000);
    const other = await fixture.connect();
    const looping = other.send(...loop);
    // The script's thread is the only one that is free for `m`.
    await expect.poll(() => fixture.node.context.devices.busyThreads).toBe(1);
    await prepare(client);
    expect(await looping).toBe('OK');
    return client;
  }
  const loop = ['AI.MODELEXECUTE', 'loop', 'INPUTS', 2, 'x', 'n', 'OUTPUTS', 1, 'y'] as const;
  const call = callOf('s', { inputs: ['a'], outputs: ['b'] });

  test('gets the other thread, also where others keep that busy', async () => {
    const client = await share();
    await client.send('AI.TENSORSET', 'n', 'INT64', 1, 'VALUES', 3000);
    const others = await Promise.all(Array.from({ length: 4 }, () => fixture.connect()));
    let over = false;
    const streams = Promise.all(
      others.flatMap((one) => Array.from({ length: 60 }, () => one.send(...loop))),
    ).then(() => (over = true));
    expect([await client.send(...call), over]).toEqual(['OK', false]);
    await streams;
  });

  test('is loaded beyond the memory limit', async () => {
    const client = await share();
    const { devices } = fixture.node.context;
    await client.send('AI.MODELDEL', 'loop');
    const limit = 1.5 * model('mul').length;
    devices.settings.backendMemoryLimit = limit;
    for (let i = 0; i < 3; i++) expect(await client.send(...call)).toBe('OK');
    await expect.poll(() => devices.sessionBytes).toBeLessThanOrEqual(limit);
  });
});

test('a thread that dies with a script in it costs that call only', async () => {
  const threads: Worker[] = [];
  const remember = (worker: Worker) => threads.push(worker);
  process.on('worker', remember);
  try {
    const client = await fixture.start();
    await storeFunction(
      client,
      's',
      'redis.execute("SET", "began", "1")',
      'while str(redis.execute("GET", "go")) == "None": pass',
    );
    const died = client.error(...callOf('s'));
    const [other, waiting] = [await fixture.connect(), await fixture.connect()];
    await expect.poll(() => other.send('GET', 'began')).toBe('1');
    const next = waiting.send(...callOf('s'));
    await expect.poll(() => fixture.node.context.devices.queueLength).toBe(1);
    await threads[0]?.terminate();
    expect(await died).toBe('ERR the worker that ran this model ended unexpectedly');
    await other.send('SET', 'go', '1');
    expect(await next).toBe('OK');
    expect(fixture.node.context.devices.counters().workersReplaced).toBe(1);
  } finally {
    process.off('worker', remember);
  }
});

test('a full queue is an error of the script that waits for it', async () => {
  const client = await fixture.start({ maxQueueLength: 1 });
  await prepare(client);
  await client.send(
    'AI.MODELSTORE',
    'batch',
    'ONNX',
    'CPU',
    'BATCHSIZE',
    4,
    'MINBATCHSIZE',
    4,
    'BLOB',
    model('mul'),
  );
  const [waiting, other] = [await fixture.connect(), await fixture.connect()];
  await storeFunction(
    client,
    's',
    'redis.execute("SET", "began", "1")',
    'while str(redis.execute("GET", "go")) == "None": pass',
    'return redisAI.model_execute("m", [tensors[0], tensors[0]], 1)',
  );
  const late = client.error(...callOf('s', { inputs: ['a'], outputs: ['b'] }));
  await expect.poll(() => other.send('GET', 'began')).toBe('1');
  const queued = waiting.send(
    'AI.MODELEXECUTE',
    'batch',
    'INPUTS',
    2,
    'a',
    'a',
    'OUTPUTS',
    1,
    'c',
    'TIMEOUT',
    60_000,
  );
  await expect.poll(() => fixture.node.context.devices.queueLength).toBe(1);
  await other.send('SET', 'go', '1');
  expect(await late).toMatch(/^BUSY run not allowed .* \(<string>:4 in f\)$/);
  await other.send('AI.MODELDEL', 'batch');
  await queued;
});

describe('what ONNX Runtime would need for a function', () => {
  const loop = [
    'x = tensors[0]',
    'n = 0',
    'for i in range(300):',
    '    x = x + 1',
    '    n += int(x[0, 0])',
    'return torch.tensor(n)',
  ];

  test('is refused where it is too much, also for larger inputs than those that were recorded', async () => {
    const client = await fixture.start();
    await client.send('AI.TENSORSET', 'small', 'FLOAT', 2, 2);
    await client.send('AI.TENSORSET', 'large', 'FLOAT', 4096, 2048);
    await storeFunction(client, 's', ...loop);
    expect(await client.send(...callOf('s', { inputs: ['small'], outputs: ['n'] }))).toBe('OK');
    expect(await client.send('AI.TENSORGET', 'n', 'VALUES')).toEqual([(300 * 301) / 2]);
    for (let i = 0; i < 2; i++) {
      expect(await client.error(...callOf('s', { inputs: ['large'], outputs: ['n'] }))).toBe(
        'the run needs too much memory',
      );
    }
    expect(await client.send(...callOf('s', { inputs: ['small'], outputs: ['n'] }))).toBe('OK');
  });
});
