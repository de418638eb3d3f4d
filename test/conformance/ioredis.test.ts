import { once } from 'node:events';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collector } from '../support/collector.ts';
import { onRedis } from '../support/engine.ts';
import { type EngineCluster, startEngineCluster } from '../support/engine-cluster.ts';
import { model } from '../support/node.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { tagOn } from '../support/slots.ts';

const NODES = [0, 1, 2] as const;

let cluster: EngineCluster;

beforeAll(async () => {
  cluster = await startEngineCluster();
});
afterAll(async () => {
  expect(await cluster.stop()).toBe(0);
});

describe.each([
  { protocol: 2, replyMapping: 'legacy' },
  { protocol: 3, replyMapping: 'legacy' },
  { protocol: 3, replyMapping: 'resp3' },
] as const)('an ioredis cluster client over RESP$protocol, replies as in $replyMapping', (redisOptions) => {
  const doubles = redisOptions.replyMapping === 'resp3';
  const open = (options: object = {}) =>
    new Cluster([{ host: '127.0.0.1', port: cluster.ports[2] as number }], { redisOptions, ...options });
  let client: Cluster;

  beforeAll(async () => {
    client = open();
    await once(client, 'ready');
    await Promise.all(client.nodes('master').map((node) => node.flushdb()));
  });
  afterAll(() => client.quit());

  test.each(NODES)('keeps hashes, lists, sets and sorted sets on node %i', async (node) => {
    const key = (name: string) => `${name}{${tagOn(node, 'types')}}`;
    expect(await client.hset(key('h'), { a: 1, b: 'two' })).toBe(2);
    expect(await client.hgetall(key('h'))).toEqual({ a: '1', b: 'two' });
    expect(await client.hincrbyfloat(key('h'), 'a', 0.5)).toBe('1.5');
    expect(await client.rpush(key('l'), 'x', 'y', 'z')).toBe(3);
    expect(await client.lrange(key('l'), 0, -1)).toEqual(['x', 'y', 'z']);
    expect(await client.sadd(key('s'), 'm', 'n')).toBe(2);
    expect((await client.smembers(key('s'))).sort()).toEqual(['m', 'n']);
    expect(await client.zadd(key('z'), 1.5, 'low', 'inf', 'high')).toBe(2);
    expect(await client.zscore(key('z'), 'low')).toBe(doubles ? 1.5 : '1.5');
    expect(await client.zrange(key('z'), '-inf', '2', 'BYSCORE')).toEqual(['low']);
    expect(await client.set(key('k'), 'v', 'EX', 100, 'NX')).toBe('OK');
    expect(await client.set(key('k'), 'w', 'NX')).toBeNull();
    expect(await client.mget(key('k'), key('none'))).toEqual(['v', null]);
    expect(await client.del(key('h'), key('l'), key('none'))).toBe(2);
  });

  test.each(NODES)('runs a transaction on node %i, tensors in it, models refused', async (node) => {
    const key = (name: string) => `${name}{${tagOn(node, 'multi')}}`;
    expect(await client.call('AI.MODELSTORE', key('m'), 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
    const replies = await client
      .multi()
      .set(key('n'), 41)
      .incr(key('n'))
      .call('AI.TENSORSET', key('t'), 'FLOAT', '1', '2', 'VALUES', '3', '4')
      .call('AI.TENSORGET', key('t'), 'META')
      .call('AI.MODELEXECUTE', key('m'), 'INPUTS', '2', key('t'), key('t'), 'OUTPUTS', '1', key('o'))
      .exec();
    expect(replies?.slice(0, 4)).toEqual([
      [null, 'OK'],
      [null, 42],
      [null, 'OK'],
      [null, ['dtype', 'FLOAT', 'shape', [1, 2]]],
    ]);
    expect(String(replies?.[4]?.[0])).toBe(
      'ReplyError: ERR Cannot run RedisAI command within a transaction or a LUA script',
    );
  });

  test('a pipeline may touch all slots of a node; over several nodes it has to be automatic', async () => {
    const keys = Array.from({ length: 60 }, (_, i) => tagOn(1, `pipe${i}:`));
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.set(key, `of ${key}`).get(key);
    expect(await pipeline.exec()).toEqual(
      keys.flatMap((key) => [
        [null, 'OK'],
        [null, `of ${key}`],
      ]),
    );
    const automatic = open({ enableAutoPipelining: true });
    const all = Array.from({ length: 300 }, (_, i) => `auto:${i}`);
    expect(new Set(await Promise.all(all.map((key) => automatic.set(key, key))))).toEqual(new Set(['OK']));
    expect(await Promise.all(all.map((key) => automatic.get(key)))).toEqual(all);
    const perNode = await Promise.all(client.nodes('master').map((node) => node.keys('auto:*')));
    expect(perNode.every((found) => found.length > 50)).toBe(true);
    expect(perNode.flat().sort()).toEqual([...all].sort());
    await automatic.quit();
  });

  test.each(NODES)('waits on node %i for what another client pushes', async (node) => {
    const key = (name: string) => `${name}{${tagOn(node, 'blocking')}}`;
    const waiting = open();
    const popped = waiting.blpop(key('a'), key('b'), 30);
    expect(await client.rpush(key('b'), 'late')).toBe(1);
    expect(await popped).toEqual([key('b'), 'late']);
    const least = waiting.bzpopmin(key('z'), 30);
    expect(await client.zadd(key('z'), 2.5, 'm')).toBe(1);
    expect(await least).toEqual([key('z'), 'm', doubles ? 2.5 : '2.5']);
    await waiting.quit();
  });

  test('shard channels of all nodes reach their subscriber', async () => {
    const subscriber = open({ shardedSubscribers: true });
    const channels = NODES.map((node) => tagOn(node, 'shard'));
    const got = collector();
    subscriber.on('smessage', (channel, message) => got.add(channel, message));
    for (const channel of channels) await subscriber.ssubscribe(channel);
    for (const channel of channels) expect(await client.spublish(channel, `to ${channel}`)).toBe(1);
    const messages = await got.first(3);
    expect(messages.sort()).toEqual(channels.map((channel) => [channel, `to ${channel}`]).sort());
    for (const channel of channels) await subscriber.sunsubscribe(channel);
    for (const channel of channels) expect(await client.spublish(channel, 'nobody')).toBe(0);
    subscriber.disconnect();
  });

  test.each(NODES)('keys and fields are bytes on node %i', async (node) => {
    const raw = (name: string) =>
      Buffer.concat([Buffer.from([0, 255, 128, 13, 10]), Buffer.from(`{${tagOn(node, 'raw')}}${name}`)]);
    const value = Buffer.from([254, 0, 36, 13, 10]);
    expect(await client.set(raw('k'), value)).toBe('OK');
    expect(await client.getBuffer(raw('k'))).toEqual(value);
    expect(await client.hset(raw('h'), value, value)).toBe(1);
    expect(await client.hgetBuffer(raw('h'), value)).toEqual(value);
    expect(await client.rename(raw('k'), raw('renamed'))).toBe('OK');
    expect(await client.exists(raw('k'), raw('renamed'))).toBe(1);
    expect(await client.call('AI.TENSORSET', raw('t'), 'UINT8', 5, 'BLOB', value)).toBe('OK');
    expect(await client.callBuffer('AI.TENSORGET', raw('t'), 'BLOB')).toEqual(value);
  });
});

describe.each([2, 3] as const)('an ioredis client of one node over RESP%i', (protocol) => {
  const shared = useSharedNode();
  const open = () => new Redis({ port: shared.node.port, connectionName: 'worker', protocol });

  test.skipIf(onRedis('Redis 7.0 knows no CLIENT SETINFO'))(
    'introduces itself and is seen under its name',
    async () => {
      const client = open();
      const info = String(await client.client('INFO'));
      expect(info).toMatch(/ name=worker .* db=0 .* lib-name=ioredis lib-ver=6\./);
      await client.quit();
    },
  );

  test('stores, runs and reads a model in one pipeline, errors among its replies', async () => {
    const client = open();
    const replies = await client
      .pipeline()
      .call('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'))
      .call('AI.TENSORSET', 'a', 'FLOAT', '1', '2', 'VALUES', '3', '4')
      .call('AI.MODELEXECUTE', 'm', 'INPUTS', '2', 'a', 'a', 'OUTPUTS', '1', 'c')
      .call('AI.TENSORGET', 'c', 'META', 'VALUES')
      .call('AI.MODELEXECUTE', 'm', 'INPUTS', '1', 'a', 'OUTPUTS', '1', 'c')
      .call('AI.TENSORGET', 'none', 'META')
      .exec();
    const values = ['9', '16'];
    expect(replies?.slice(0, 4)).toEqual([
      ...[
        [null, 'OK'],
        [null, 'OK'],
        [null, 'OK'],
      ],
      [null, ['dtype', 'FLOAT', 'shape', [1, 2], 'values', values]],
    ]);
    expect(replies?.slice(4).map(([error]) => error?.message)).toEqual([
      'Number of keys given as INPUTS here does not match model definition',
      'ERR tensor key is empty or in a different shard',
    ]);
    await client.quit();
  });

  test('WATCH gives up the transaction of whoever came second', async () => {
    const [first, second] = [open(), open()];
    await first.watch('n');
    await second.set('n', 'theirs');
    expect(await first.multi().set('n', 'mine').exec()).toBeNull();
    expect(await first.get('n')).toBe('theirs');
    await first.quit();
    await second.quit();
  });

  test('streams keys and fields', async () => {
    const client = open();
    const names = Array.from({ length: 200 }, (_, i) => `k${i}`);
    await client.mset(Object.fromEntries(names.map((name) => [name, 'v'])));
    const found: string[] = [];
    for await (const keys of client.scanStream({ match: 'k*', count: 30 })) found.push(...keys);
    expect(found.sort()).toEqual([...names].sort());
    const fields = Object.fromEntries(names.map((name) => [name, `of ${name}`]));
    await client.hset('hash', fields);
    const flat: string[] = [];
    for await (const page of client.hscanStream('hash', { count: 30 })) flat.push(...page);
    const pairs = names.map((_, i) => [flat[2 * i], flat[2 * i + 1]]);
    expect(Object.fromEntries(pairs)).toEqual(fields);
    await client.quit();
  });

  test('MONITOR shows what others send', async () => {
    const watching = open();
    const monitor = await watching.monitor();
    const got = collector();
    monitor.on('monitor', (_, args) => got.add(...args));
    const client = open();
    await client.set('seen', 'by the monitor');
    const [calls, wanted] = [[] as string[][], 'set,seen,by the monitor'];
    while (!calls.some((call) => call.join() === wanted))
      calls.push(...(await got.first(calls.length + 1)).slice(-1));
    for (const each of [monitor, watching, client]) each.disconnect();
  });
});
