import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import type { RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();
const OOM = "OOM command not allowed when used memory > 'maxmemory'.";

async function info(client: RespClient, section: string): Promise<Record<string, string>> {
  const text = String(await client.send('INFO', section));
  return Object.fromEntries(
    [...text.matchAll(/^([^#:\r\n]+):([^\r]*)\r$/gm)].map(([, name, value]) => [name, value]),
  );
}

async function limit(client: RespClient, bytes: number, policy = 'noeviction'): Promise<void> {
  expect(await client.send('CONFIG', 'SET', 'maxmemory-policy', policy, 'maxmemory', bytes)).toBe('OK');
}

describe('noeviction', () => {
  test('above maxmemory writes are refused, reads and deletes go on', async () => {
    const client = await fixture.start({}, 100_000);
    await client.send('AI.TENSORSET', 'big', 'FLOAT', 50_000);
    expect(await client.error('SET', 'k', 'v')).toBe(OOM);
    expect(await client.error('AI.TENSORSET', 'x', 'FLOAT', 1)).toBe(OOM);
    expect(await client.send('EXISTS', 'big')).toBe(1);
    expect(await client.send('DEL', 'big')).toBe(1);
    expect(await client.send('SET', 'k', 'v')).toBe('OK');
  });

  test('what stores results of models is refused, what only reads runs', async () => {
    const client = await fixture.start();
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
    await limit(client, 1);
    const run = ['AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'b'] as const;
    expect(await client.error(...run)).toBe(OOM);
    expect(await client.error('AI.DAGEXECUTE', 'PERSIST', 1, 'b', 'ROUTING', 'a', '|>', ...run)).toBe(OOM);
    expect(await client.error('AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 1, 'a', 'OUTPUTS', 1, 'b')).toBe(OOM);
    expect(
      await client.send(
        ...['AI.DAGEXECUTE_RO', 'LOAD', 1, 'a', '|>', 'AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a'],
        ...['OUTPUTS', 1, 'b', '|>', 'AI.TENSORGET', 'b', 'VALUES'],
      ),
    ).toEqual(['OK', ['1', '4', '9', '16']]);
  });
});

describe('a policy that evicts', () => {
  test.each(['allkeys-lru', 'allkeys-random', 'volatile-lru', 'volatile-random', 'volatile-ttl'])(
    '%s lets writes go on, and memory stays within the limit by one command',
    async (policy) => {
      const client = await fixture.start();
      await limit(client, 500_000, policy);
      for (let i = 0; i < 200; i++) {
        expect(await client.send('SET', `k${i}`, Buffer.alloc(10_000), 'EX', 1000 + i)).toBe('OK');
        expect(fixture.node.context.keyspace.usedBytes).toBeLessThan(500_000 + 11_000);
      }
      const size = Number(await client.send('DBSIZE'));
      expect(size).toBeGreaterThan(40);
      expect(await info(client, 'stats')).toMatchObject({
        evicted_keys: String(200 - size),
        expired_keys: '0',
        current_eviction_exceeded_time: '0',
      });
      await client.send('CONFIG', 'RESETSTAT');
      expect(await info(client, 'stats')).toMatchObject({
        evicted_keys: '0',
        total_eviction_exceeded_time: '0',
      });
    },
  );

  test('volatile policies leave keys that do not expire, and writes are refused when only those are left', async () => {
    const client = await fixture.start();
    await client.send('SET', 'kept', Buffer.alloc(50_000));
    await client.send('SET', 'volatile', Buffer.alloc(50_000), 'EX', 1000);
    await limit(client, 30_000, 'volatile-lru');
    expect(await client.error('SET', 'k', 'v')).toBe(OOM);
    expect(await client.send('KEYS', '*')).toEqual(['kept']);
    expect(Number((await info(client, 'stats')).current_eviction_exceeded_time)).toBeGreaterThanOrEqual(0);
    await client.send('DEL', 'kept');
    expect(await client.send('SET', 'k', 'v')).toBe('OK');
  });

  test('evicts tensors and models as any key, and unloads the models', async () => {
    const client = await fixture.start();
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 't', 'FLOAT', 1000);
    const sessions = async () => (await info(client, 'modules')).ai_sessions;
    expect(await sessions()).toBe('1');
    await limit(client, 1, 'allkeys-lru');
    expect(await client.send('DBSIZE')).toBe(0);
    await vi.waitFor(async () => expect(await sessions()).toBe('0'));
  });

  test('an evicted key has changed for those who watch it', async () => {
    const client = await fixture.start();
    await client.send('SET', 'k', 'v');
    await client.send('WATCH', 'k');
    const other = await fixture.connect();
    await limit(other, 1, 'allkeys-lru');
    expect(await other.send('EXISTS', 'k')).toBe(0);
    await limit(other, 0);
    await client.send('MULTI');
    await client.send('SET', 'l', 'v');
    expect(await client.send('EXEC')).toBeNull();
  });

  test('an evicted key stays away after a restart', async () => {
    const dataDirectory = mkdtempSync(path.join(tmpdir(), 'tessera-'));
    const durable = { dataDirectory, durability: { mode: 'everysec', volatileTensors: [] } } as const;
    const client = await fixture.start({}, 0, durable);
    await client.send('MSET', 'a', '1', 'b', '2', 'c', '3');
    await client.send('GET', 'a');
    // So many that each of the keys is looked at.
    await client.send('CONFIG', 'SET', 'maxmemory-samples', 200);
    await limit(client, fixture.node.context.keyspace.usedBytes - 1, 'allkeys-lru');
    expect(((await client.send('KEYS', '*')) as string[]).toSorted()).toEqual(['a', 'c']);
    await fixture.node.close();
    const again = await fixture.start({}, 0, durable);
    expect(((await again.send('KEYS', '*')) as string[]).toSorted()).toEqual(['a', 'c']);
  });

  test('much to evict holds up nobody: it is done bit by bit, also when no command comes', async () => {
    const client = await fixture.start();
    const { keyspace } = fixture.node.context;
    for (let i = 0; i < 20_000; i++) keyspace.set(`k${i}`, { type: 'string', bytes: new Uint8Array(10) });
    // The least slice: 16 keys a turn.
    await client.send('CONFIG', 'SET', 'maxmemory-eviction-tenacity', 0);
    await limit(client, 1_000_000, 'allkeys-lru');
    expect(await client.send('PING')).toBe('PONG');
    expect(keyspace.evicted).toBeGreaterThan(0);
    expect(keyspace.size).toBeGreaterThan(15_000);
    // Not refused while there is still something to evict.
    expect(await client.send('SET', 'k', 'v')).toBe('OK');
    await vi.waitFor(() => expect(keyspace.usedBytes).toBeLessThanOrEqual(1_000_000), 20_000);
    expect(keyspace.size).toBeGreaterThan(1000);
    expect(await client.send('PING')).toBe('PONG');
  });
});

describe('what counts', () => {
  test('INFO tells what maxmemory bounds from what it does not', async () => {
    const client = await fixture.start();
    await client.send('SET', 'k', Buffer.alloc(100_000));
    const sender = await fixture.connect();
    sender.socket.write('*3\r\n$4\r\nMSET\r\n$50000\r\n');
    sender.socket.write(Buffer.alloc(50_000));
    sender.socket.write('\r\n$70000\r\n');
    sender.socket.write(Buffer.alloc(60_000));
    await vi.waitFor(async () =>
      expect(await client.send('CLIENT', 'LIST')).toMatch(/ qbuf=60000 qbuf-free=10000 argv-mem=50004 /),
    );
    const memory = await info(client, 'memory');
    const dataset = fixture.node.context.keyspace.usedBytes;
    expect(memory).toMatchObject({
      used_memory: String(dataset + 110_004),
      used_memory_dataset: String(dataset),
      used_memory_overhead: '110004',
      mem_not_counted_for_evict: '110004',
      mem_clients_normal: '110004',
    });
    expect(Number(memory.used_memory_peak)).toBeGreaterThanOrEqual(dataset + 110_004);
    sender.close();
    await vi.waitFor(async () => expect((await info(client, 'memory')).mem_not_counted_for_evict).toBe('0'));
  });

  test('a tensor that a run works on counts until the run ends, also when its key is gone', async () => {
    const client = await fixture.start();
    const { keyspace, devices } = fixture.node.context;
    // A run of two rows waits for another one.
    await client.send(
      ...['AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BATCHSIZE', 4, 'MINBATCHSIZE', 4, 'BLOB', model('mul')],
    );
    await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 2);
    const runner = await fixture.connect();
    const run = runner.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'b');
    await vi.waitFor(() => expect(devices.queueLength).toBe(1));
    const before = keyspace.usedBytes;
    const bytes = keyspace.bytesOf('a') as number;
    await client.send('DEL', 'a');
    expect(before - keyspace.usedBytes).toBeGreaterThan(0);
    expect(before - keyspace.usedBytes).toBeLessThan(bytes);
    await client.send('AI.TENSORSET', 'c', 'FLOAT', 2, 2);
    expect(await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'c', 'c', 'OUTPUTS', 1, 'd')).toBe('OK');
    expect(await run).toBe('OK');
    const ofKeys = [...keyspace.keys()].reduce((sum, key) => sum + (keyspace.bytesOf(key) as number), 0);
    expect(keyspace.usedBytes).toBe(ofKeys);
  });

  test('the tensors of a DAG count while it runs, and not longer', async () => {
    const client = await fixture.start();
    const { keyspace, devices } = fixture.node.context;
    await client.send(
      ...['AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BATCHSIZE', 4, 'MINBATCHSIZE', 4, 'BLOB', model('mul')],
    );
    const before = keyspace.usedBytes;
    const dag = (client: RespClient) =>
      client.send(
        ...['AI.DAGEXECUTE', 'ROUTING', 'r', '|>', 'AI.TENSORSET', 'a', 'FLOAT', 2, 2, '|>'],
        ...['AI.TENSORSET', 'unused', 'UINT8', 100_000, '|>'],
        ...['AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'b'],
      );
    const first = dag(await fixture.connect());
    await vi.waitFor(() => expect(devices.queueLength).toBe(1));
    expect(keyspace.usedBytes - before).toBeGreaterThan(100_000);
    expect([await dag(client), await first]).toEqual([
      ['OK', 'OK', 'OK'],
      ['OK', 'OK', 'OK'],
    ]);
    expect(keyspace.usedBytes).toBe(before);
  });
});
