import { createClient, createCluster, RESP_TYPES } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collector } from '../support/collector.ts';
import { onRedis } from '../support/engine.ts';
import { type EngineCluster, startEngineCluster } from '../support/engine-cluster.ts';
import { model } from '../support/node.ts';
import { floats } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { tagOn } from '../support/slots.ts';

const NODES = [0, 1, 2] as const;
const AS_BYTES = { [RESP_TYPES.BLOB_STRING]: Buffer };

let cluster: EngineCluster;

beforeAll(async () => {
  cluster = await startEngineCluster();
});
afterAll(async () => {
  expect(await cluster.stop()).toBe(0);
});

describe.each([2, 3] as const)('a node-redis cluster client over RESP%i', (RESP) => {
  const open = () => createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${cluster.ports[0]}` }], RESP });
  let client: ReturnType<typeof open>;

  beforeAll(async () => {
    client = open();
    await client.connect();
    await Promise.all(client.masters.map(async (master) => (await client.nodeClient(master)).flushDb()));
  });
  afterAll(() => client.close());

  test.each(NODES)('keeps hashes, lists, sets and sorted sets on node %i', async (node) => {
    const key = (name: string) => `${name}{${tagOn(node, 'types')}}`;
    expect(await client.hSet(key('h'), { a: '1', b: '2' })).toBe(2);
    expect(await client.hGetAll(key('h'))).toEqual({ a: '1', b: '2' });
    expect(await client.hIncrBy(key('h'), 'a', 41)).toBe(42);
    expect(await client.rPush(key('l'), ['x', 'y', 'z'])).toBe(3);
    expect(await client.lMove(key('l'), key('l2'), 'LEFT', 'RIGHT')).toBe('x');
    expect(await client.lRange(key('l'), 0, -1)).toEqual(['y', 'z']);
    expect(await client.sAdd(key('s'), ['m', 'n'])).toBe(2);
    expect((await client.sMembers(key('s'))).sort()).toEqual(['m', 'n']);
    expect(await client.sIsMember(key('s'), 'm')).toBe(1);
    expect(
      await client.zAdd(key('z'), [
        { score: 1.5, value: 'low' },
        { score: Infinity, value: 'high' },
      ]),
    ).toBe(2);
    expect(await client.zRangeWithScores(key('z'), 0, -1)).toEqual([
      { value: 'low', score: 1.5 },
      { value: 'high', score: Infinity },
    ]);
    expect(await client.zScore(key('z'), 'low')).toBe(1.5);
    expect(await client.set(key('k'), 'v', { expiration: { type: 'EX', value: 100 }, condition: 'NX' })).toBe(
      'OK',
    );
    expect(await client.set(key('k'), 'w', { condition: 'NX' })).toBeNull();
    expect(await client.ttl(key('k'))).toBe(100);
    expect(await client.mGet([key('k'), key('none')])).toEqual(['v', null]);
    expect(await client.del([key('h'), key('l'), key('none')])).toBe(2);
  });

  test.each(NODES)('runs a transaction on node %i, tensors in it, models refused', async (node) => {
    const key = (name: string) => `${name}{${tagOn(node, 'multi')}}`;
    const load = ['AI.MODELSTORE', key('m'), 'ONNX', 'CPU', 'BLOB', model('mul')];
    expect(await client.sendCommand(key('m'), false, load)).toBe('OK');
    const run = ['AI.MODELEXECUTE', key('m'), 'INPUTS', '2', key('t'), key('t'), 'OUTPUTS', '1', key('o')];
    const replies = await client
      .multi()
      .set(key('n'), '41')
      .incr(key('n'))
      .addCommand(key('t'), false, ['AI.TENSORSET', key('t'), 'FLOAT', '1', '2', 'VALUES', '3', '4'])
      .addCommand(key('t'), false, ['AI.TENSORGET', key('t'), 'META'])
      .get(key('n'))
      .exec();
    expect(replies).toEqual(['OK', 42, 'OK', ['dtype', 'FLOAT', 'shape', [1, 2]], '42']);
    const refused = client.multi().incr(key('n')).addCommand(key('m'), false, run).exec();
    await expect(refused).rejects.toMatchObject({
      errorIndexes: [1],
      replies: [43, { message: 'ERR Cannot run RedisAI command within a transaction or a LUA script' }],
    });
    expect(await client.sendCommand(key('m'), false, run)).toBe('OK');
  });

  test('pipelines over all slots, each reply to its own command', async () => {
    const keys = Array.from({ length: 300 }, (_, i) => `pipe:${i}`);
    expect(new Set(await Promise.all(keys.map((key) => client.set(key, key))))).toEqual(new Set(['OK']));
    expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
    const sizes = await Promise.all(
      client.masters.map(async (master) => (await client.nodeClient(master)).keys('pipe:*')),
    );
    expect(sizes.every((found) => found.length > 50)).toBe(true);
    expect(sizes.flat().sort()).toEqual([...keys].sort());
    expect(await Promise.all(keys.map((key) => client.unlink(key)))).toEqual(keys.map(() => 1));
  });

  test.each(NODES)('waits on node %i for what another client pushes', async (node) => {
    const key = (name: string) => `${name}{${tagOn(node, 'blocking')}}`;
    const waiting = client.duplicate();
    await waiting.connect();
    const popped = waiting.blPop([key('a'), key('b')], 30);
    expect(await client.rPush(key('b'), 'late')).toBe(1);
    expect(await popped).toEqual({ key: key('b'), element: 'late' });
    const least = waiting.bzPopMin(key('z'), 30);
    expect(await client.zAdd(key('z'), { score: 2.5, value: 'm' })).toBe(1);
    expect(await least).toEqual({ key: key('z'), value: 'm', score: 2.5 });
    const moved = waiting.blMove(key('from'), key('to'), 'LEFT', 'RIGHT', 30);
    expect(await client.lPush(key('from'), 'e')).toBe(1);
    expect(await moved).toBe('e');
    await waiting.close();
  });

  test('shard channels of all nodes reach their subscriber', async () => {
    const subscriber = client.duplicate();
    await subscriber.connect();
    const channels = NODES.map((node) => tagOn(node, 'shard'));
    const got = collector();
    for (const channel of channels) await subscriber.sSubscribe(channel, got.add);
    for (const channel of channels) expect(await client.sPublish(channel, `to ${channel}`)).toBe(1);
    const messages = await got.first(3);
    expect(messages.sort()).toEqual(channels.map((channel) => [`to ${channel}`, channel]).sort());
    for (const channel of channels) await subscriber.sUnsubscribe(channel);
    for (const channel of channels) expect(await client.sPublish(channel, 'nobody')).toBe(0);
    await subscriber.close();
  });

  test.each(NODES)('keys and fields are bytes on node %i', async (node) => {
    const bytes = client.withTypeMapping(AS_BYTES);
    const raw = (name: string) =>
      Buffer.concat([Buffer.from([0, 255, 128, 13, 10]), Buffer.from(`{${tagOn(node, 'raw')}}${name}`)]);
    const value = Buffer.from([254, 0, 36, 13, 10]);
    expect(await client.set(raw('k'), value)).toBe('OK');
    expect(await bytes.get(raw('k'))).toEqual(value);
    expect(await client.hSet(raw('h'), value, value)).toBe(1);
    expect(await bytes.hGet(raw('h'), value)).toEqual(value);
    expect(await client.rename(raw('k'), raw('renamed'))).toBe('OK');
    expect(await client.exists([raw('k'), raw('renamed')])).toBe(1);
    const tensor = ['AI.TENSORSET', raw('t'), 'UINT8', '5', 'BLOB', value];
    expect(await client.sendCommand(raw('t'), false, tensor)).toBe('OK');
    const get = ['AI.TENSORGET', raw('t'), 'BLOB'];
    expect(await client.sendCommand(raw('t'), true, get, { typeMapping: AS_BYTES })).toEqual(value);
  });
});

describe.each([2, 3] as const)('a node-redis client of one node over RESP%i', (RESP) => {
  const shared = useSharedNode();
  const open = async () => {
    const client = createClient({ url: `redis://127.0.0.1:${shared.node.port}`, name: 'worker', RESP });
    await client.connect();
    return client;
  };

  test.skipIf(onRedis('Redis 7.0 knows no CLIENT SETINFO'))(
    'introduces itself and is seen under its name',
    async () => {
      const client = await open();
      const info = await client.clientInfo();
      expect(info).toMatchObject({ name: 'worker', db: 0, libName: 'node-redis' });
      expect(info.libVer).toMatch(/^6\./);
      expect((await client.clientList()).map(({ name }) => name)).toEqual(['worker']);
      await client.close();
    },
  );

  test('stores, runs and reads a model, in one pipeline and with errors among its replies', async () => {
    const client = await open();
    const steps = [
      ['AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul')],
      ['AI.TENSORSET', 'a', 'FLOAT', '1', '2', 'VALUES', '3', '4'],
      ['AI.MODELEXECUTE', 'm', 'INPUTS', '2', 'a', 'a', 'OUTPUTS', '1', 'c'],
      ['AI.TENSORGET', 'c', 'META', 'BLOB'],
      ['AI.MODELEXECUTE', 'm', 'INPUTS', '1', 'a', 'OUTPUTS', '1', 'c'],
      ['AI.TENSORGET', 'none', 'META'],
    ];
    const typeMapping = AS_BYTES;
    const replies = await Promise.allSettled(steps.map((step) => client.sendCommand(step, { typeMapping })));
    const shown = (bytes: Uint8Array | string) => Buffer.from(bytes);
    const values = replies.slice(0, 4).map((reply) => reply.status === 'fulfilled' && reply.value);
    expect(values).toEqual([
      ...['OK', 'OK', 'OK'],
      [...[shown('dtype'), shown('FLOAT'), shown('shape'), [1, 2], shown('blob')], shown(floats(9, 16))],
    ]);
    expect(replies.slice(4).map((reply) => reply.status === 'rejected' && reply.reason.message)).toEqual([
      'Number of keys given as INPUTS here does not match model definition',
      'ERR tensor key is empty or in a different shard',
    ]);
    await client.close();
  });

  test('WATCH gives up the transaction of whoever came second', async () => {
    const [first, second] = [await open(), await open()];
    await first.watch('n');
    await second.set('n', 'theirs');
    await expect(first.multi().set('n', 'mine').exec()).rejects.toThrow(
      'One (or more) of the watched keys has been changed',
    );
    expect(await first.get('n')).toBe('theirs');
    await first.close();
    await second.close();
  });

  test('iterates over keys, fields and members', async () => {
    const client = await open();
    const names = Array.from({ length: 200 }, (_, i) => `k${i}`);
    await client.mSet(names.map((name): [string, string] => [name, 'v']));
    const found: string[] = [];
    for await (const keys of client.scanIterator({ MATCH: 'k*', COUNT: 30 })) found.push(...keys);
    expect(found.sort()).toEqual([...names].sort());
    await client.hSet('hash', Object.fromEntries(names.map((name) => [name, `of ${name}`])));
    const entries: [string, string][] = [];
    for await (const page of client.hScanIterator('hash', { COUNT: 30 })) {
      for (const { field, value } of page) entries.push([field, value]);
    }
    expect(Object.fromEntries(entries)).toEqual(
      Object.fromEntries(names.map((name) => [name, `of ${name}`])),
    );
    await client.close();
  });

  test('a pool of clients waits with one and goes on with another', async () => {
    const client = await open();
    const pool = client.createPool({ minimum: 2 });
    await pool.connect();
    const popped = pool.blPop('queue', 30);
    expect(await pool.rPush('queue', 'item')).toBe(1);
    expect(await popped).toEqual({ key: 'queue', element: 'item' });
    await pool.close();
    await client.close();
  });
});
