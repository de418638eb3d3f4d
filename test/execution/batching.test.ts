import { expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import { floats } from '../support/resp-client.ts';

const fixture = nodeFixture();

function rowOf(seed: number): Uint8Array {
  return floats(...Array.from({ length: 64 }, (_, k) => Math.sin(seed * 64 + k)));
}

test('64 clients on a batched model get exactly their own rows back', async () => {
  const first = await fixture.start();
  await first.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BATCHSIZE', 16, 'BLOB', model('mlp_dyn'));
  const others = await Promise.all(Array.from({ length: 64 }, fixture.connect));
  const alone = new Map<number, unknown>();
  for (let i = 0; i < 64; i++) {
    await first.send('AI.TENSORSET', `in${i}`, 'FLOAT', 1, 64, 'BLOB', rowOf(i));
    await first.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, `in${i}`, 'OUTPUTS', 1, `alone${i}`);
    alone.set(i, await first.send('AI.TENSORGET', `alone${i}`, 'VALUES'));
  }
  await first.send('AI.INFO', 'm', 'RESETSTAT');
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      others.map(async (client, i) => {
        const done = client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 1, `in${i}`, 'OUTPUTS', 1, `out${i}`);
        expect(await done).toBe('OK');
        const got = (await client.send('AI.TENSORGET', `out${i}`, 'VALUES')) as string[];
        const want = alone.get(i) as string[];
        got.forEach((value, k) => {
          expect(Number(value)).toBeCloseTo(Number(want[k]), 4);
        });
      }),
    );
  }
  const info = (await first.send('AI.INFO', 'm')) as unknown[];
  expect(info[info.indexOf('calls') + 1]).toBe(320);
  expect(info[info.indexOf('samples') + 1]).toBe(320);
  // Fewer runs than requests: they did share batches.
  expect(fixture.node.context.devices.counters().runs).toBeLessThan(64 + 320);
});

test('a model that drops its batch dimension fails the whole batch, not the node', async () => {
  const client = await fixture.start();
  const options = ['BATCHSIZE', 4, 'MINBATCHSIZE', 4] as const;
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', ...options, 'BLOB', model('sum_rows'));
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
  const other = await fixture.connect();
  const run = ['AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y'] as const;
  const errors = await Promise.all([client.error(...run), other.error(...run)]);
  expect(errors).toEqual(Array(2).fill('ERR Model did not generate the expected batch size'));
  expect(await client.send('EXISTS', 'y')).toBe(0);
});
