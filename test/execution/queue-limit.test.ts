import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import type { StoredModel } from '../../src/backends/model.ts';
import { queueLimit } from '../../src/execution/run-queue.ts';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { oneOperator } from '../support/models.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import type { RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();
const BUSY = "BUSY run not allowed when queued runs >= 'max-queue-length'.";

/** A node with `waits`, whose runs stay in the queue until there are four rows, and `plain`, the same model without that. */
async function start(maxQueueLength: number): Promise<RespClient> {
  const client = await fixture.start({ maxQueueLength });
  for (const [key, ...options] of [['waits', 'BATCHSIZE', 8, 'MINBATCHSIZE', 4], ['plain']] as const) {
    const command = ['AI.MODELSTORE', key, 'ONNX', 'CPU', ...options, 'BLOB', oneOperator('Neg')] as const;
    expect(await client.send(...command)).toBe('OK');
  }
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2);
  await client.send('AI.TENSORSET', 'three', 'FLOAT', 3, 2);
  return client;
}

const run = (key: string, output: string, input = 'x') =>
  ['AI.MODELEXECUTE', key, 'INPUTS', 1, input, 'OUTPUTS', 1, output] as const;

function queued(count: number): Promise<void> {
  const { devices } = fixture.node.context;
  const soon = { timeout: 10_000, interval: 1 };
  return vi.waitFor(() => expect(devices.queueLength).toBe(count), soon);
}

async function field(client: RespClient, name: string): Promise<number> {
  return Number(new RegExp(`${name}:(\\d+)`).exec(String(await client.send('INFO', 'MODULES')))?.[1]);
}

test('a run that finds as many in the queue as there may be is refused, whatever its model', async () => {
  const client = await start(2);
  const others = await Promise.all([fixture.connect(), fixture.connect(), fixture.connect()]);
  const waiting = others.slice(0, 2).map((other, i) => other.send(...run('waits', `w${i}`)));
  await queued(2);
  expect(await client.error(...run('waits', 'w9'))).toBe(BUSY);
  expect(await client.error(...run('plain', 'p'))).toBe(BUSY);
  expect(await client.send('EXISTS', 'w9', 'p')).toBe(0);
  expect(await field(client, 'ai_runs_refused')).toBe(2);
  expect(await field(client, 'ai_queue_length')).toBe(2);
  const info = (await client.send('AI.INFO', 'waits')) as unknown[];
  expect(info.slice(-6)).toEqual(['samples', 0, 'calls', 0, 'errors', 0]);
  // Other devices have queues of their own, and what needs none goes on.
  await client.send('AI.MODELSTORE', 'elsewhere', 'ONNX', 'CPU:1', 'BLOB', oneOperator('Neg'));
  expect(await client.send(...run('elsewhere', 'e'))).toBe('OK');
  // With more room the same run is taken, and the four rows go.
  expect(await client.send('CONFIG', 'SET', 'max-queue-length', 3)).toBe('OK');
  expect(await client.send('CONFIG', 'GET', 'max-queue-length')).toEqual(['max-queue-length', '3']);
  const last = (others[2] as RespClient).send(...run('waits', 'w2', 'three'));
  expect(await Promise.all([...waiting, last])).toEqual(['OK', 'OK', 'OK']);
  expect(await client.send(...run('plain', 'p'))).toBe('OK');
  expect(await field(client, 'ai_runs_refused')).toBe(2);
});

test('a smaller bound lets those that wait already stay', async () => {
  const client = await start(10);
  const others = await Promise.all(Array.from({ length: 3 }, fixture.connect));
  const waiting = others.map((other, i) => other.send(...run('waits', `w${i}`)));
  await queued(3);
  expect(await client.send('CONFIG', 'SET', 'max-queue-length', 1)).toBe('OK');
  expect(await client.error(...run('waits', 'w9'))).toBe(BUSY);
  expect(fixture.node.context.devices.queueLength).toBe(3);
  await client.send('CONFIG', 'SET', 'max-queue-length', 4);
  expect(await client.send(...run('waits', 'w3'))).toBe('OK');
  expect(await Promise.all(waiting)).toEqual(['OK', 'OK', 'OK']);
});

test.each([
  ['0', 'argument must be between 1 and 9223372036854775807 inclusive'],
  ['-1', 'argument must be between 1 and 9223372036854775807 inclusive'],
  ['many', "argument couldn't be parsed into an integer"],
])('the bound cannot be %s', async (value, why) => {
  const client = await fixture.start();
  expect(await client.error('CONFIG', 'SET', 'max-queue-length', value)).toBe(
    `ERR CONFIG SET failed (possibly related to argument 'max-queue-length') - ${why}`,
  );
  expect(await client.send('CONFIG', 'GET', 'max-queue-length')).toEqual(['max-queue-length', '10000']);
});

test('a refused run of a DAG is the answer of its operation, and nothing is persisted', async () => {
  const client = await start(1);
  const other = await fixture.connect();
  const waiting = other.send(...run('waits', 'w'));
  await queued(1);
  const operations = ['|>', ...run('plain', 'y'), '|>', ...run('plain', 'z', 'y')];
  const dag = ['AI.DAGEXECUTE', 'LOAD', 1, 'x', 'PERSIST', 1, 'z', ...operations] as const;
  const replies = (await client.send(...dag)) as unknown[];
  expect(replies.map(String)).toEqual([`ReplyError: ${BUSY}`, 'NA']);
  expect(await client.send('EXISTS', 'z')).toBe(0);
  await client.send('DEL', 'waits');
  expect(String(await waiting)).toBe('ReplyError: ERR model key is empty');
  expect(await client.send(...dag)).toEqual(['OK', 'OK']);
});

test('so it is in a DAG that has begun', async () => {
  const client = await start(2);
  const other = await fixture.connect();
  await client.send(
    ...['AI.MODELSTORE', 'too', 'ONNX', 'CPU', 'BATCHSIZE', 8, 'MINBATCHSIZE', 4],
    ...['BLOB', oneOperator('Neg')],
  );
  // The second one takes what the first one makes, so that it comes to the queue when that is done.
  const operations = ['|>', ...run('waits', 'y'), '|>', ...run('plain', 'z', 'y')];
  const dag = client.send('AI.DAGEXECUTE', 'LOAD', 1, 'x', ...operations);
  const waiting = other.send(...run('too', 't'));
  await queued(2);
  const { keyspace, devices } = fixture.node.context;
  const { model: waits } = keyspace.get('waits') as { model: StoredModel };
  const { tensor } = keyspace.get('three') as { tensor: Tensor };
  devices.settings.maxQueueLength = 3;
  const rest = devices.get('CPU', 'ONNX').run('waits', waits, [tensor], queueLimit(undefined));
  devices.settings.maxQueueLength = 1;
  expect(await rest).toHaveLength(1);
  expect(((await dag) as unknown[]).map(String)).toEqual(['OK', `ReplyError: ${BUSY}`]);
  expect(devices.counters().refusedRuns).toBe(1);
  await client.send('DEL', 'too');
  expect(String(await waiting)).toBe('ReplyError: ERR model key is empty');
});

test('a refused run leaves nothing behind', async () => {
  const client = await start(1);
  const other = await fixture.connect();
  void other.send(...run('waits', 'w')).catch(() => {});
  await queued(1);
  await client.send('AI.TENSORSET', 'y', 'FLOAT', 1, 2);
  const { keyspace } = fixture.node.context;
  const bytes = new WeakRef((keyspace.get('y') as { tensor: Tensor }).tensor.buffer);
  for (let i = 0; i < 100; i++) expect(await client.error(...run('plain', 'p', 'y'))).toBe(BUSY);
  await client.send('DEL', 'y');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await expect
    .poll(
      () => {
        collect();
        return bytes.deref();
      },
      { timeout: 10_000, interval: 10 },
    )
    .toBeUndefined();
});
