import { beforeEach, describe, expect, test, vi } from 'vitest';
import { countedLoop } from '../support/models.ts';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import type { RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();
let client: RespClient;
beforeEach(async () => {
  client = await fixture.start();
  await client.send('AI.TENSORSET', 'one', 'FLOAT', 1, 2);
  await client.send('AI.TENSORSET', 'three', 'FLOAT', 3, 2);
  await client.send('AI.TENSORSET', 'ints', 'INT32', 1, 2);
});

const store = (key: string, ...options: (string | number)[]) =>
  client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', ...options, 'BLOB', model('mul'));
const run = (key: string, input: string) =>
  ['AI.MODELEXECUTE', key, 'INPUTS', 2, input, input, 'OUTPUTS', 1, 'out'] as const;

interface Counts {
  readonly duration: number;
  readonly samples: number;
  readonly calls: number;
  readonly errors: number;
}

async function countsOf(key: string): Promise<Counts> {
  const reply = (await client.send('AI.INFO', key)) as (string | number)[];
  const field = (name: string) => reply[reply.indexOf(name) + 1] as number;
  return {
    duration: field('duration'),
    samples: field('samples'),
    calls: field('calls'),
    errors: field('errors'),
  };
}

const NONE: Counts = { duration: 0, samples: 0, calls: 0, errors: 0 };

describe('AI.INFO counts', () => {
  test('each run once, its rows as samples, and its time', async () => {
    await store('m');
    expect(await countsOf('m')).toEqual(NONE);
    await client.send(...run('m', 'three'));
    const first = await countsOf('m');
    expect(first).toEqual({ duration: expect.any(Number), samples: 3, calls: 1, errors: 0 });
    expect(first.duration).toBeGreaterThan(0);
    await client.send(...run('m', 'one'));
    const second = await countsOf('m');
    expect(second).toMatchObject({ samples: 4, calls: 2, errors: 0 });
    expect(second.duration).toBeGreaterThan(first.duration);
  });

  test('each request of a batch: its own rows, and the time of the run that it was part of', async () => {
    await store('m', 'BATCHSIZE', 8, 'MINBATCHSIZE', 5);
    const others = await Promise.all([fixture.connect(), fixture.connect(), fixture.connect()]);
    const { runs } = fixture.node.context.devices.counters();
    const inputs = ['three', 'one', 'one'];
    const replies = others.map((other, i) => other.send(...run('m', inputs[i] as string)));
    expect(await Promise.all(replies)).toEqual(['OK', 'OK', 'OK']);
    expect(fixture.node.context.devices.counters().runs).toBe(runs + 1);
    const counts = await countsOf('m');
    expect(counts).toMatchObject({ samples: 5, calls: 3, errors: 0 });
    expect(counts.duration).toBeGreaterThan(0);
    expect(counts.duration % 3).toBe(0);
  });

  test('inputs that do not agree on their rows as one sample', async () => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BATCHSIZE', 4, 'BLOB', countedLoop());
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 3);
    await client.send('AI.TENSORSET', 'rounds', 'INT64', 1, 'VALUES', 1);
    const args = ['INPUTS', 2, 'x', 'rounds', 'OUTPUTS', 1, 'out'] as const;
    expect(await client.send('AI.MODELEXECUTE', 'm', ...args)).toBe('OK');
    expect(await countsOf('m')).toMatchObject({ samples: 1, calls: 1, errors: 0 });
  });

  test('a run that fails in the model as a call and an error, without samples', async () => {
    await store('m');
    expect(await client.error(...run('m', 'ints'))).toMatch(/^Unexpected input data type/);
    expect(await countsOf('m')).toMatchObject({ samples: 0, calls: 1, errors: 1 });
  });

  test('a run past the execution timeout the same', async () => {
    await fixture.node.close();
    client = await fixture.start({ executionTimeoutMs: 100 });
    await client.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', model('endless_loop'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1);
    const args = ['INPUTS', 1, 'x', 'OUTPUTS', 1, 'out'] as const;
    expect(await client.error('AI.MODELEXECUTE', 'loop', ...args)).toMatch(/^Exiting/);
    expect(await countsOf('loop')).toMatchObject({ samples: 0, calls: 1, errors: 1 });
  });

  test('nothing of what never ran: wrong arguments, missing tensors, a time in the queue that was over', async () => {
    await store('m', 'BATCHSIZE', 4, 'MINBATCHSIZE', 2);
    await client.error('AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'one', 'OUTPUTS', 1, 'out');
    await client.error(...run('m', 'none'));
    expect(await client.send(...run('m', 'one'), 'TIMEOUT', 10)).toBe('TIMEDOUT');
    expect(await countsOf('m')).toEqual(NONE);
  });

  test('the operations of a DAG one by one', async () => {
    await store('m');
    const operation = ['|>', 'AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'three', 'three', 'OUTPUTS', 1, 'out'];
    await client.send('AI.DAGEXECUTE', 'LOAD', 1, 'three', ...operation, ...operation);
    expect(await countsOf('m')).toMatchObject({ samples: 6, calls: 2, errors: 0 });
  });

  test('from zero after RESETSTAT, in any case, and of that key only', async () => {
    await store('m');
    await store('n');
    await client.send(...run('m', 'one'));
    await client.send(...run('n', 'one'));
    expect(await client.send('AI.INFO', 'm', 'resetstat')).toBe('OK');
    expect(await countsOf('m')).toEqual(NONE);
    expect(await countsOf('n')).toMatchObject({ samples: 1, calls: 1 });
    await client.send(...run('m', 'three'));
    expect(await countsOf('m')).toMatchObject({ samples: 3, calls: 1, errors: 0 });
  });
});

describe('the counts', () => {
  test('begin anew when the key is stored again, and a run under way counts for the old model', async () => {
    const { statistics, devices } = fixture.node.context;
    const loop = ['AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', countedLoop()] as const;
    await client.send(...loop);
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
    await client.send('AI.TENSORSET', 'few', 'INT64', 1, 'VALUES', 1);
    await client.send('AI.TENSORSET', 'many', 'INT64', 1, 'VALUES', 100_000);
    const execute = (rounds: string) =>
      ['AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'x', rounds, 'OUTPUTS', 1, 'out'] as const;
    await client.send(...execute('few'));
    expect(await countsOf('m')).toMatchObject({ samples: 1, calls: 1 });
    const other = await fixture.connect();
    const before = statistics.commands;
    const late = other.send(...execute('many'));
    await vi.waitFor(
      () =>
        expect({ commands: statistics.commands, waiting: devices.queueLength }).toEqual({
          commands: before + 1,
          waiting: 0,
        }),
      { timeout: 10_000, interval: 1 },
    );
    expect(await client.send(...loop)).toBe('OK');
    expect(await late).toBe('OK');
    expect(await countsOf('m')).toEqual(NONE);
  });

  test('are kept when a model that is no good was to replace it', async () => {
    await store('m');
    await client.send(...run('m', 'one'));
    await client.error('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', 'garbage');
    expect(await countsOf('m')).toMatchObject({ samples: 1, calls: 1 });
  });

  test('go with a renamed key; a copy is the same model, and they count together', async () => {
    await store('m');
    await client.send(...run('m', 'one'));
    await client.send('RENAME', 'm', 'n');
    expect(await countsOf('n')).toMatchObject({ samples: 1, calls: 1 });
    await client.send('COPY', 'n', 'o');
    await client.send(...run('o', 'three'));
    expect(await countsOf('n')).toEqual(await countsOf('o'));
    expect(await countsOf('n')).toMatchObject({ samples: 4, calls: 2 });
    // Deleted and restored, it is another one.
    const payload = Buffer.from((await client.send('DUMP', 'n')) as Buffer);
    await client.send('RESTORE', 'p', 0, payload);
    expect(await countsOf('p')).toEqual(NONE);
  });
});
