import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import calculateSlot from 'cluster-key-slot';
import { Cluster } from 'ioredis';
import { createCluster, RESP_TYPES } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { model } from '../support/node.ts';
import { floats, RespClient } from '../support/resp-client.ts';

let cluster: TestCluster;
let ports: readonly number[];
const redisCli = ['/usr/bin/redis-cli', '/usr/local/bin/redis-cli'].find((file) => existsSync(file));

beforeAll(async () => {
  cluster = await startCluster();
  ports = cluster.ports;
});
afterAll(async () => {
  expect(await cluster.stop()).toBe(0);
});

const portOf = (key: string): number => ports[Math.floor(calculateSlot(key) / 5461)] as number;
const otherPort = (key: string): number => ports.find((p) => p !== portOf(key)) as number;

describe('a running cluster', () => {
  test('prints one line per node and one ready line', () => {
    const lines = cluster.output().trim().split('\n');
    expect(lines.filter((line) => /node-\d: listening on 127\.0\.0\.1:\d+, slots /.test(line))).toHaveLength(
      3,
    );
    expect(lines.filter((line) => line.includes('ready: 3 nodes'))).toHaveLength(1);
  });

  test('sends a client that asks the wrong node to the right one', async () => {
    const client = await RespClient.connect(otherPort('foo'));
    expect(await client.error('GET', 'foo')).toBe(`MOVED 12182 127.0.0.1:${portOf('foo')}`);
    client.close();
  });

  test('refuses keys of different slots', async () => {
    const client = await RespClient.connect(portOf('a'));
    const refused = "CROSSSLOT Keys in request don't hash to the same slot";
    expect(await client.error('MGET', 'a', 'b')).toBe(refused);
    const run = ['AI.MODELEXECUTE', 'm{a}', 'INPUTS', 1, 'x{a}', 'OUTPUTS', 1, 'y'];
    expect(await client.error(...run)).toBe(refused);
    client.close();
  });

  test('answers ASK for a missing key of a migrating slot, and serves it elsewhere after ASKING', async () => {
    const key = 'moving';
    const slot = calculateSlot(key);
    const source = await RespClient.connect(portOf(key));
    const target = await RespClient.connect(otherPort(key));
    const [from, to] = [
      String(await source.send('CLUSTER', 'MYID')),
      String(await target.send('CLUSTER', 'MYID')),
    ];
    await source.send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to);
    await target.send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from);
    expect(await source.error('GET', key)).toBe(`ASK ${slot} 127.0.0.1:${otherPort(key)}`);
    expect(await target.error('GET', key)).toMatch(/^MOVED /);
    expect(await target.send('ASKING')).toBe('OK');
    expect(await target.send('SET', key, 'v')).toBe('OK');
    expect(await target.error('GET', key)).toMatch(/^MOVED /);
    for (const client of [source, target]) {
      await client.send('CLUSTER', 'SETSLOT', slot, 'STABLE');
      client.close();
    }
  });

  test('keeps keys as bytes, hash tags of raw bytes included', async () => {
    const key = Buffer.from([0x7b, 0xff, 0x80, 0x7d, 0x2e, 0x00, 0x0d, 0x0a]);
    const slot = calculateSlot(key);
    const client = await RespClient.connect(ports[Math.floor(slot / 5461)] as number);
    expect(await client.send('CLUSTER', 'KEYSLOT', key)).toBe(slot);
    expect(await client.send('SET', key, 'v')).toBe('OK');
    expect(await client.send('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(1);
    expect(await client.send('CLUSTER', 'GETKEYSINSLOT', slot, 10)).toEqual([key]);
    client.close();
  });

  test('serves node-redis', async () => {
    const client = createCluster({
      rootNodes: [{ url: `redis://127.0.0.1:${ports[0]}` }],
      RESP: 3,
    });
    await client.connect();
    const tag = '{node-redis}';
    const send = (...args: (string | Buffer)[]) =>
      client.sendCommand(tag, false, args, { typeMapping: { [RESP_TYPES.DOUBLE]: String } });
    expect(await send('AI.MODELSTORE', `${tag}m`, 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
    await send('AI.TENSORSET', `${tag}a`, 'FLOAT', '2', '2', 'BLOB', Buffer.from(floats(1, 2, 3, 4)));
    await send('AI.MODELEXECUTE', `${tag}m`, 'INPUTS', '2', `${tag}a`, `${tag}a`, 'OUTPUTS', '1', `${tag}c`);
    expect(await send('AI.TENSORGET', `${tag}c`, 'VALUES')).toEqual(['1', '4', '9', '16']);
    for (let i = 0; i < 30; i++) await client.set(`k${i}`, String(i));
    for (let i = 0; i < 30; i++) expect(await client.get(`k${i}`)).toBe(String(i));
    await client.close();
  });

  test('serves ioredis', async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: ports[1] as number }]);
    const tag = '{ioredis}';
    expect(await client.call('AI.MODELSTORE', `${tag}m`, 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
    await client.call('AI.TENSORSET', `${tag}a`, 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
    await client.call(
      'AI.MODELEXECUTE',
      `${tag}m`,
      'INPUTS',
      2,
      `${tag}a`,
      `${tag}a`,
      'OUTPUTS',
      1,
      `${tag}c`,
    );
    const values = (await client.call('AI.TENSORGET', `${tag}c`, 'VALUES')) as unknown[];
    expect(values.map(Number)).toEqual([1, 4, 9, 16]);
    await client.quit();
  });

  test.skipIf(redisCli === undefined)('serves redis-cli -c (needs redis-cli)', () => {
    const cli = (...args: string[]) =>
      execFileSync(redisCli as string, ['-c', '-p', String(ports[2]), ...args], { encoding: 'utf8' }).trim();
    const file = path.join(import.meta.dirname, '../models/mul.onnx');
    const stored = execFileSync(
      'sh',
      ['-c', `"${redisCli}" -c -p ${ports[0]} -x AI.MODELSTORE '{cli}m' ONNX CPU BLOB < "${file}"`],
      { encoding: 'utf8' },
    );
    expect(stored).toContain('OK');
    expect(cli('AI.TENSORSET', '{cli}a', 'FLOAT', '2', '2', 'VALUES', '1', '2', '3', '4')).toContain('OK');
    expect(
      cli('AI.MODELEXECUTE', '{cli}m', 'INPUTS', '2', '{cli}a', '{cli}a', 'OUTPUTS', '1', '{cli}c'),
    ).toContain('OK');
    expect(cli('AI.TENSORGET', '{cli}c', 'VALUES').split('\n').slice(-4)).toEqual(['1', '4', '9', '16']);
  });

  test('a node killed under load comes back within 3 s, and the others answer without an error', async () => {
    const client = await RespClient.connect(ports[0] as number);
    const victim = await RespClient.connect(ports[1] as number);
    const pid = /process_id:(\d+)/.exec(String(await victim.send('INFO', 'SERVER')))?.[1];
    const key = ['x', 'y', 'z', 'foo', 'bar', 'k1'].find((k) => portOf(k) === ports[0]) as string;
    const started = Date.now();
    process.kill(Number(pid), 'SIGKILL');
    let back = false;
    while (!back && Date.now() - started < 10_000) {
      expect(await client.send('SET', key, 'v')).toBe('OK');
      const again = await RespClient.connect(ports[1] as number).catch(() => null);
      back = again !== null && (await again.send('PING').catch(() => '')) === 'PONG';
      again?.close();
      if (!back) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(back).toBe(true);
    client.close();
  });
});
