import slotOf from 'cluster-key-slot';
import { Cluster } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { startNodeOfSlot } from '../ai/slot-node.ts';
import { oneOperator } from '../support/models.ts';
import { type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';

type Words = (string | number | Buffer)[];

/** Stores two models, their inputs and an experiment of them, all in the slot of {a}. */
async function prepare(call: (...args: Words) => Promise<unknown>): Promise<void> {
  for (const key of ['m{a}', 'n{a}']) {
    expect(await call('AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', Buffer.from(oneOperator('Neg')))).toBe(
      'OK',
    );
  }
  await call('AI.TENSORSET', 'x{a}', 'FLOAT', 1, 2, 'VALUES', 1, 2);
  await call('AI.TENSORSET', 'y{a}', 'FLOAT', 1);
  expect(await call('AI.EXPERIMENT', 'SET', 'e{a}', 'PRIMARY', 'm{a}', 'CANDIDATES', 1, 'n{a}')).toBe('OK');
}

const RUN: Words = ['AI.MODELEXECUTE', 'e{a}', 'INPUTS', 1, 'x{a}', 'OUTPUTS', 1, 'y{a}'];

describe('a node of a cluster', () => {
  let node: TesseraNode | undefined;
  afterEach(() => node?.close());

  test('asks clients to try again while the models of an experiment come and go, and sets none across slots', async () => {
    node = await startNodeOfSlot('{a}');
    const client = await RespClient.connect(node.port);
    const send = (...args: Words) => client.send(...args);
    await prepare(send);
    const other = ['AI.EXPERIMENT', 'SET', 'e{a}', 'PRIMARY', 'm{a}', 'CANDIDATES', 1, 'n{b}'];
    expect(await client.error(...other)).toMatch(/^CROSSSLOT /);
    const slots = node.context.slots;
    const target = slots?.nodes.find(({ name }) => name === 'other')?.id ?? '';
    slots?.setMigrating(slotOf('{a}'), target);
    expect(await send(...RUN)).toBe('OK');
    await send('DEL', 'm{a}');
    expect(await client.error(...RUN)).toMatch(/^TRYAGAIN /);
    slots?.setStable(slotOf('{a}'));
    expect(await client.error(...RUN)).toBe("ERR model 'm{a}' of the experiment does not exist");
    client.close();
  });
});

describe.skipIf(noRedis !== undefined)('nodes before a Redis Cluster', () => {
  let cluster: RedisNodes | undefined;
  afterEach(() => cluster?.stop());

  test('run an experiment without an error while its slot moves, key by key', async () => {
    cluster = await startRedisNodes(2);
    const slot = slotOf('{a}');
    const from = cluster.ports.indexOf(cluster.portOf('{a}'));
    const to = 1 - from;
    const redis = await Promise.all(cluster.redis.map(({ port }) => RespClient.connect(port)));
    const ids = await Promise.all(redis.map((client) => client.send('CLUSTER', 'MYID')));
    const ask = (index: number, ...args: Words) => (redis[index] as RespClient).send(...args);
    const move = (...keys: string[]) =>
      ask(from, 'MIGRATE', '127.0.0.1', cluster?.redis[to]?.port ?? 0, '', 0, 5000, 'KEYS', ...keys);
    const client = new Cluster([{ host: '127.0.0.1', port: cluster.ports[from] as number }]);
    const call = (...args: Words) => client.call(String(args[0]), ...args.slice(1));
    await prepare(call);
    await expect(
      call('AI.EXPERIMENT', 'SET', 'e{a}', 'PRIMARY', 'm{a}', 'CANDIDATES', 1, 'n{b}'),
    ).rejects.toThrow('CROSSSLOT');
    expect(await call(...RUN)).toBe('OK');
    await ask(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(ids[from]));
    await ask(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(ids[to]));
    // The candidate goes first: from then on the experiment is on one node and a model of it on another one.
    expect(await move('n{a}')).toBe('OK');
    const runs = Array.from({ length: 5 }, () => call(...RUN));
    for (const key of ['m{a}', 'x{a}', 'y{a}', 'e{a}']) expect(await move(key)).toBe('OK');
    for (const index of [to, from]) await ask(index, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(ids[to]));
    expect(await Promise.all(runs)).toEqual(['OK', 'OK', 'OK', 'OK', 'OK']);
    expect(await call(...RUN)).toBe('OK');
    expect(await call('AI.TENSORGET', 'y{a}', 'VALUES')).toEqual(['-1', '-2']);
    const shadowed = () => cluster?.nodes[to]?.context.experiments.reports()[0]?.arms[1]?.runs ?? 0;
    await expect.poll(shadowed, { timeout: 20_000 }).toBeGreaterThan(0);
    client.disconnect();
    for (const one of redis) one.close();
  }, 60_000);
});
