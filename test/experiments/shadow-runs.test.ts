import { describe, expect, test } from 'vitest';
import { buildModel } from '../../scripts/onnx-builder.ts';
import { countedLoop, oneOperator } from '../support/models.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import type { RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();
/** Rounds that no processor comes to the end of. */
const ENDLESS = 10 ** 15;

/** Takes what `countedLoop` takes, and is done at once: y = -x. */
function quick(): Uint8Array {
  return buildModel({
    name: 'quick',
    inputs: [
      { name: 'x', type: 'float', shape: ['N'] },
      { name: 'rounds', type: 'int64', shape: [1] },
    ],
    outputs: [{ name: 'y', type: 'float', shape: ['N'] }],
    operators: [{ type: 'Neg', inputs: ['x'], outputs: ['y'] }],
  });
}

async function storeQuickAndEndless(client: RespClient): Promise<void> {
  expect(await client.send('AI.MODELSTORE', 'quick', 'ONNX', 'CPU', 'BLOB', quick())).toBe('OK');
  expect(await client.send('AI.MODELSTORE', 'loop', 'ONNX', 'CPU', 'BLOB', countedLoop())).toBe('OK');
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
  await client.send('AI.TENSORSET', 'endless', 'INT64', 1, 'VALUES', ENDLESS);
  await client.send('AI.TENSORSET', 'one', 'INT64', 1, 'VALUES', 1);
  await client.send('AI.EXPERIMENT', 'SET', 'e', 'PRIMARY', 'quick', 'CANDIDATES', 1, 'loop');
}

const execute = (model: string, rounds: string) =>
  ['AI.MODELEXECUTE', model, 'INPUTS', 2, 'x', rounds, 'OUTPUTS', 1, 'y'] as const;

describe('a candidate that does not come back', () => {
  test('holds up no answer, keeps no more than its share waiting, and gives it all back', async () => {
    const client = await fixture.start({ executionTimeoutMs: 3000 });
    await storeQuickAndEndless(client);
    const { devices, experiments, keyspace } = fixture.node.context;
    const candidate = () => experiments.reports()[0]?.arms[1];
    expect(await client.send(...execute('e', 'endless'))).toBe('OK');
    const usedBefore = keyspace.usedBytes;
    await expect.poll(() => devices.busyThreads).toBe(1);
    // The only thread for runs of clients is free all the time, also for the model that hangs in the background.
    for (let i = 1; i < 100; i++) expect(await client.send(...execute('e', 'endless'))).toBe('OK');
    expect(await client.send(...execute('loop', 'one'))).toBe('OK');
    expect(devices.stuckThreads).toBe(0);
    expect(candidate()).toMatchObject({ runs: 0, errors: 0, waiting: 64, dropped: 36 });
    expect(String(await client.send('INFO', 'MODULES'))).toContain(
      'ai_shadow_runs:0\r\nai_shadow_runs_failed:0\r\nai_shadow_runs_dropped:36\r\nai_shadow_runs_waiting:64\r\n',
    );
    await expect.poll(() => candidate()?.waiting, { timeout: 20_000 }).toBe(0);
    expect(candidate()).toMatchObject({ runs: 0, errors: 64 });
    expect(candidate()?.lastError).toMatch(/terminate flag|set aside/);
    await client.send('AI.EXPERIMENT', 'DEL', 'e');
    await client.send(...execute('quick', 'one'));
    expect(keyspace.usedBytes).toBeLessThanOrEqual(usedBefore);
    expect(await client.send(...execute('loop', 'one'))).toBe('OK');
  }, 60_000);

  test('lets others be loaded and run in the meantime', async () => {
    const client = await fixture.start({ executionTimeoutMs: 2000 });
    await storeQuickAndEndless(client);
    await client.send(...execute('e', 'endless'));
    await expect.poll(() => fixture.node.context.devices.busyThreads).toBe(1);
    expect(await client.send('AI.MODELSTORE', 'abs', 'ONNX', 'CPU', 'BLOB', oneOperator('Abs'))).toBe('OK');
    await client.send('AI.TENSORSET', 'm', 'FLOAT', 1, 2, 'VALUES', -1, 2);
    expect(await client.send('AI.MODELEXECUTE', 'abs', 'INPUTS', 1, 'm', 'OUTPUTS', 1, 'y')).toBe('OK');
    expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['1', '2']);
  });
});

test('sessions of candidates are freed with their models', async () => {
  const client = await fixture.start();
  await storeQuickAndEndless(client);
  const { devices, experiments } = fixture.node.context;
  await client.send(...execute('e', 'one'));
  await expect.poll(() => experiments.reports()[0]?.arms[1]?.runs, { timeout: 20_000 }).toBe(1);
  // The candidate was loaded once more, for the background.
  await expect.poll(() => devices.sessions).toBe(3);
  await client.send('DEL', 'loop');
  await expect.poll(() => devices.sessions).toBe(1);
});

test('candidates push out no session that clients use where memory is limited', async () => {
  const bytes = countedLoop().length + quick().length;
  const client = await fixture.start({ backendMemoryLimit: bytes });
  await storeQuickAndEndless(client);
  const { devices, experiments } = fixture.node.context;
  for (let i = 0; i < 5; i++) expect(await client.send(...execute('e', 'one'))).toBe('OK');
  expect(devices.sessionsUnloaded).toBe(0);
  expect(experiments.reports()[0]?.arms[1]).toMatchObject({ runs: 0, waiting: 5 });
  expect(await client.send(...execute('loop', 'one'))).toBe('OK');
});

test('the experiments of a node are listed as long as they are there', async () => {
  const client = await fixture.start();
  await storeQuickAndEndless(client);
  const { experiments } = fixture.node.context;
  const keys = () => experiments.reports().map(({ key }) => key);
  expect(keys()).toEqual([]);
  await client.send(...execute('e', 'one'));
  expect(keys()).toEqual(['e']);
  await client.send('RENAME', 'e', 'f');
  expect(keys()).toEqual([]);
  await client.send('AI.EXPERIMENT', 'GET', 'f');
  expect(experiments.reports()[0]).toMatchObject({
    key: 'f',
    arms: [{ key: 'quick', runs: 1 }, { key: 'loop' }],
  });
  await client.send('DEL', 'f');
  expect(keys()).toEqual([]);
});
