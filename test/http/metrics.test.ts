import { beforeEach, describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { sampleValue, scrape, startHttpNode } from './http-node.ts';

const shared = useSharedNode(() => startHttpNode());
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
  await client.send('CONFIG', 'RESETSTAT');
});

const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);

async function storeMul(key: string, ...options: string[]): Promise<void> {
  const stored = await client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', ...options, 'BLOB', model('mul'));
  expect(stored).toBe('OK');
}

async function run(key: string, times = 1): Promise<void> {
  for (const name of ['a', 'b'])
    await client.send('AI.TENSORSET', name, 'FLOAT', '1', '2', 'BLOB', floats(1, 2));
  for (let i = 0; i < times; i++) {
    const ran = await client.send('AI.MODELEXECUTE', key, 'INPUTS', '2', 'a', 'b', 'OUTPUTS', '1', 'c');
    expect(ran).toBe('OK');
  }
}

describe('/metrics', () => {
  test('keeps to the format, to units in names, and to _total for what only grows', async () => {
    await storeMul('m');
    await run('m');
    const families = await scrape(shared.node);
    const own = [...families].filter(([name]) => name.startsWith('tessera_'));
    expect(own.length).toBeGreaterThan(40);
    for (const [name, { type, help }] of own) {
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name).toMatch(/^[a-z0-9_]+$/);
      expect(name).not.toMatch(/_(ms|us|millis|kb|mb)(_|$)/);
      expect(help).toMatch(/\.$/);
    }
    expect(families.get('process_resident_memory_bytes')?.type).toBe('gauge');
    expect(families.get('nodejs_eventloop_lag_p99_seconds')?.type).toBe('gauge');
  });

  test('tells of commands and errors what INFO tells', async () => {
    await client.send('SET', 'k', 'v');
    await client.send('GET', 'k');
    await client.send('GET', 'none');
    await client.send('GET');
    await client.send('AI.TENSORGET', 'k', 'VALUES');
    const families = await scrape(shared.node);
    const calls = (command: string, outcome: string) =>
      sampleValue(families, 'tessera_commands_total', { command, outcome });
    expect([calls('get', 'ok'), calls('get', 'failed'), calls('get', 'rejected')]).toEqual([2, 0, 1]);
    expect(calls('ai.tensorget', 'failed')).toBe(1);
    expect(sampleValue(families, 'tessera_command_seconds_count', { command: 'get' })).toBe(2);
    expect(sampleValue(families, 'tessera_error_replies_total', { code: 'WRONGTYPE' })).toBe(1);
    expect(sampleValue(families, 'tessera_key_lookups_total', { result: 'miss' })).toBe(1);
    expect(sampleValue(families, 'tessera_keys', { type: 'string' })).toBe(1);
    const info = String(await client.send('INFO', 'everything'));
    const field = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
    expect(sampleValue(families, 'tessera_connections_total')).toBe(field('total_connections_received'));
    expect(sampleValue(families, 'tessera_connected_clients')).toBe(field('connected_clients'));
    expect(sampleValue(families, 'tessera_key_lookups_total', { result: 'hit' })).toBe(
      field('keyspace_hits'),
    );
    const replies = families.get('tessera_error_replies_total')?.samples ?? [];
    expect(replies.reduce((sum, { value }) => sum + value, 0)).toBe(field('total_error_replies'));
    const usec = /^cmdstat_get:calls=2,usec=(\d+)/m.exec(info)?.[1];
    const seconds = sampleValue(families, 'tessera_command_seconds_sum', { command: 'get' }) as number;
    expect(Math.round(seconds * 1e6)).toBe(Number(usec));
  });

  test('splits the time of runs into stages that come to the whole', async () => {
    await storeMul('m');
    await run('m', 3);
    const families = await scrape(shared.node);
    const labels = { model: 'm', device: 'CPU' };
    expect(sampleValue(families, 'tessera_run_seconds_count', labels)).toBe(3);
    const stages = ['queue', 'assembly', 'compute', 'reply'].map((stage) => {
      expect(sampleValue(families, 'tessera_run_stage_seconds_count', { ...labels, stage })).toBe(3);
      return sampleValue(families, 'tessera_run_stage_seconds_sum', { ...labels, stage }) as number;
    });
    const whole = sampleValue(families, 'tessera_run_seconds_sum', labels) as number;
    expect(stages.reduce((a, b) => a + b)).toBeCloseTo(whole, 4);
    expect(stages[2]).toBeGreaterThan(0);
    expect(sampleValue(families, 'tessera_batch_rows_count', labels)).toBe(3);
    expect(sampleValue(families, 'tessera_pending_runs', labels)).toBe(0);
    const info = (await client.send('AI.INFO', 'm')) as unknown[];
    expect(info[info.indexOf('calls') + 1]).toBe(3);
  });

  test('counts batches by their rows, and failures by reason', async () => {
    await storeMul('m', 'BATCHSIZE', '8', 'MINBATCHSIZE', '4');
    const other = await shared.connect();
    await client.send('AI.TENSORSET', 'rows', 'FLOAT', '2', '2', 'BLOB', floats(1, 2, 3, 4));
    const both = [client, other].map((one) => {
      return one.send('AI.MODELEXECUTE', 'm', 'INPUTS', '2', 'rows', 'rows', 'OUTPUTS', '1', 'c');
    });
    expect(await Promise.all(both)).toEqual(['OK', 'OK']);
    const wide = [...['AI.TENSORSET', 'wide', 'FLOAT', '8', '3', 'BLOB'], Buffer.alloc(96)];
    await client.send(...wide);
    await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', '2', 'wide', 'wide', 'OUTPUTS', '1', 'c');
    const families = await scrape(shared.node);
    expect(sampleValue(families, 'tessera_run_failures_total', { model: 'm', reason: 'error' })).toBe(1);
    expect(sampleValue(families, 'tessera_run_seconds_count', { model: 'm' })).toBe(2);
    const rows = (le: string) => sampleValue(families, 'tessera_batch_rows_bucket', { model: 'm', le });
    expect([rows('2'), rows('4'), rows('8')]).toEqual([0, 1, 2]);
  });

  test('has the keys and bytes of tensors and models, also after they were replaced and deleted', async () => {
    await storeMul('m');
    const bytes = model('mul').length;
    await client.send('AI.TENSORSET', 't', 'FLOAT', '2', 'BLOB', floats(1, 2));
    await client.send('AI.TENSORSET', 't', 'FLOAT', '3', 'BLOB', floats(1, 2, 3));
    await client.send('SET', 's', 'abc');
    const before = await scrape(shared.node);
    const both = (families: typeof before, type: string) =>
      ['tessera_keys', 'tessera_value_bytes'].map((name) => sampleValue(families, name, { type }));
    expect([both(before, 'tensor'), both(before, 'model'), both(before, 'string')]).toEqual([
      [1, 12],
      [1, bytes],
      [1, 3],
    ]);
    expect(sampleValue(before, 'tessera_sessions', { device: 'CPU' })).toBeGreaterThan(0);
    await client.send('DEL', 't', 's');
    await client.send('AI.MODELDEL', 'm');
    const after = await scrape(shared.node);
    expect([both(after, 'tensor'), both(after, 'model')]).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test('a model that is gone, or has another name, leaves no series', async () => {
    await storeMul('m');
    await run('m');
    await client.send('RENAME', 'm', 'n');
    await run('n');
    const modelsOf = async () =>
      new Set(
        (await scrape(shared.node)).get('tessera_run_seconds')?.samples.map(({ labels }) => labels.model),
      );
    expect(await modelsOf()).toEqual(new Set(['n']));
    await client.send('DEL', 'n');
    expect(await modelsOf()).toEqual(new Set());
  });

  test('tells 100 models apart at most, and takes keys of any bytes', async () => {
    const names = Array.from({ length: 99 }, (_, i) => `m${i}`);
    for (const name of [...names, 'a"b\\c\nd', '\xff', 'x'.repeat(200), '_other', 'late'])
      await storeMul(name);
    for (const name of [...names, 'a"b\\c\nd', '\xff', 'x'.repeat(200), '_other', 'late']) await run(name);
    const families = await scrape(shared.node);
    const counts = families.get('tessera_run_seconds')?.samples.filter(({ name }) => name.endsWith('_count'));
    expect(counts).toHaveLength(101);
    expect(sampleValue(families, 'tessera_run_seconds_count', { model: 'a"b\\c\nd' })).toBe(1);
  });
});
