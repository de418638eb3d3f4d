import { afterEach, describe, expect, test } from 'vitest';
import { parseUpstream } from '../../src/upstream/upstream-address.ts';
import { oneOperator } from '../support/models.ts';
import { startNode } from '../support/node.ts';
import { noRedis, startRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describe.skipIf(noRedis !== undefined)('a node that loads models eagerly', () => {
  const redisWith = async (...options: string[]) => {
    const redis = await startRedis(...options);
    ends.push(() => redis.stop());
    return redis.port;
  };
  const clientOf = async (redisPort: number, warmup: 'lazy' | 'eager') => {
    const address = parseUpstream(`redis://:pw@127.0.0.1:${redisPort}`);
    const node = await startNode({}, 0, { redis: { address }, warmup });
    ends.push(() => node.close());
    const client = await RespClient.connect(node.port);
    ends.push(() => client.close());
    await client.send('AUTH', 'pw');
    return client;
  };
  const sessions = async (client: RespClient) =>
    Number(/ai_sessions:(\d+)/.exec(String(await client.send('INFO', 'everything')))?.[1]);

  test('has those of its Redis before the first run, and the newer ones when a replica becomes the master', async () => {
    const master = await redisWith('--requirepass', 'pw', '--repl-diskless-sync-delay', '0');
    const writer = await clientOf(master, 'lazy');
    const store = async (key: string, type: string) => {
      expect(await writer.send('AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', oneOperator(type))).toBe('OK');
      expect(await writer.send('WAIT', 1, 10_000)).toBe(1);
    };
    const replica = await redisWith(
      ...['--requirepass', 'pw', '--masterauth', 'pw', '--replicaof', `127.0.0.1 ${master}`],
    );
    await store('first', 'Neg');
    await writer.send('SET', 'TSM1', 'TSM1 is how models begin, but this is none of them');
    const promoted = await clientOf(replica, 'eager');
    await expect.poll(() => sessions(promoted), { timeout: 10_000, interval: 20 }).toBe(1);
    await store('second', 'Abs');
    expect(await promoted.send('REPLICAOF', 'NO', 'ONE')).toBe('OK');
    await expect.poll(() => sessions(promoted), { timeout: 10_000, interval: 20 }).toBe(2);
    await promoted.send('AI.TENSORSET', 't', 'FLOAT', 1, 2, 'VALUES', -1, 2);
    const run = ['AI.MODELEXECUTE', 'second', 'INPUTS', 1, 't', 'OUTPUTS', 1, 'o'];
    expect(await promoted.send(...run)).toBe('OK');
    expect(await promoted.send('AI.TENSORGET', 'o', 'VALUES')).toEqual(['1', '2']);
    expect(await sessions(promoted)).toBe(2);
  });
});
