import { describe, expect, test, vi } from 'vitest';
import type { StoredModel } from '../../src/backends/model.ts';
import { queueLimit } from '../../src/execution/run-queue.ts';
import { countedLoop, oneOperator } from '../support/models.ts';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import type { RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();

function stored(key: string): StoredModel {
  const value = fixture.node.context.keyspace.get(key);
  if (value?.type !== 'model') throw new Error(`no model under ${key}`);
  return value.model;
}

/** Queues a run as AI.MODELEXECUTE does, without a connection for each. */
function queueRun(key: string, ...inputs: string[]): Promise<unknown> {
  const { keyspace, devices } = fixture.node.context;
  const tensors = inputs.map((name) => {
    const value = keyspace.get(name);
    if (value?.type !== 'tensor') throw new Error(`no tensor under ${name}`);
    return value.tensor;
  });
  return devices.get('CPU', 'ONNX').run(key, stored(key), tensors, queueLimit(undefined));
}

/** Two threads: the loop `hot` and the product `beside` have their sessions in one of them, the product `far` in the other one. */
async function prepare(client: RespClient): Promise<void> {
  const models = { hot: countedLoop(), far: model('mul'), beside: model('mul') };
  for (const [key, blob] of Object.entries(models)) {
    expect(await client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', blob)).toBe('OK');
  }
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
  await client.send('AI.TENSORSET', 'rounds', 'INT64', 1, 'VALUES', 1000);
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
}

describe('a model with 2,000 runs in the queue', () => {
  test.each([
    ['beside', 'in the same thread'],
    ['far', 'in another thread'],
  ])('is not in the way of another one (%s: %s)', async (other) => {
    const client = await fixture.start();
    await prepare(client);
    // What a run costs is known then, as it is for any model but a new one.
    await Promise.all([queueRun('hot', 'x', 'rounds'), queueRun(other, 'a', 'a')]);
    let before = 0;
    const hot = Array.from({ length: 2000 }, async () => {
      await queueRun('hot', 'x', 'rounds');
      before++;
    });
    const allOfThem = Promise.allSettled(hot);
    await queueRun(other, 'a', 'a');
    // One task holds a millisecond of work, which is a few of these runs.
    expect(before).toBeLessThan(50);
    expect(await client.send('DEL', 'hot')).toBe(1);
    await allOfThem;
  });

  test('is served in the order of arrival, all of it', async () => {
    await prepare(await fixture.start());
    const order: number[] = [];
    const runs = Array.from({ length: 2000 }, async (_, i) => {
      await queueRun('far', 'a', 'a');
      order.push(i);
    });
    await Promise.all(runs);
    expect(order).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });
});

test('clients of a hot model do not hold up those of another one', async () => {
  const client = await fixture.start();
  const other = await fixture.connect();
  await prepare(client);
  const operation = ['|>', 'AI.MODELEXECUTE', 'hot', 'INPUTS', 2, 'x', 'rounds', 'OUTPUTS', 1, 'y'];
  const operations = Array.from({ length: 500 }, () => operation).flat();
  let answered = false;
  const dag = client.send('AI.DAGEXECUTE', 'LOAD', 2, 'x', 'rounds', ...operations).finally(() => {
    answered = true;
  });
  const { devices } = fixture.node.context;
  await vi.waitFor(() => expect(devices.queueLength).toBeGreaterThan(100), { timeout: 10_000, interval: 1 });
  for (let i = 0; i < 5; i++) {
    expect(await other.send('AI.MODELEXECUTE', 'far', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'b')).toBe('OK');
  }
  expect(answered).toBe(false);
  expect(await dag).toEqual(Array(500).fill('OK'));
});

test('a batch never mixes models, though their requests look the same', async () => {
  const client = await fixture.start();
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 1, 2);
  for (const [key, type] of [
    ['neg', 'Neg'],
    ['abs', 'Abs'],
  ] as const) {
    const options = ['BATCHSIZE', 8, 'MINBATCHSIZE', 8] as const;
    await client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', ...options, 'BLOB', oneOperator(type));
  }
  const { runs } = fixture.node.context.devices.counters();
  const pairs = Array.from({ length: 32 }, () => [queueRun('neg', 'x'), queueRun('abs', 'x')]);
  const values = (await Promise.all(pairs.flat())).map((outputs) => {
    const [{ buffer, byteOffset, byteLength }] = outputs as [{ buffer: ArrayBuffer } & DataView];
    return [...new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))];
  });
  expect(values).toEqual(
    Array.from({ length: 32 }, () => [
      [-1, -2],
      [1, 2],
    ]).flat(),
  );
  expect(fixture.node.context.devices.counters().runs - runs).toBe(8);
});
