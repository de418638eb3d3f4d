import calculateSlot from 'cluster-key-slot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { RespClient } from '../support/resp-client.ts';

let cluster: TestCluster;
let ports: readonly number[];

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
});
