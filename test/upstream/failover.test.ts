import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';

describe.skipIf(noRedis !== undefined)('a Redis that dies', () => {
  let cluster: RedisNodes;
  beforeAll(async () => {
    cluster = await startRedisNodes(3, 1);
  });
  afterAll(() => cluster.stop());

  test('gives its slots to a replica, and clients go on there without an error', {
    timeout: 60_000,
  }, async () => {
    const [first = 0] = cluster.ports;
    const tag = Array.from({ length: 100 }, (_, i) => `{t${i}}`).find(
      (name) => cluster.portOf(name) === first,
    ) as string;
    const client = new Cluster([{ host: '127.0.0.1', port: cluster.ports[1] as number }], {
      clusterRetryStrategy: () => 50,
    });
    const errors: string[] = [];
    let last = 0;
    let isOver = false;
    let acknowledgedAt = performance.now();
    let longestGap = 0;
    const writing = (async () => {
      for (let n = 1; !isOver; n++) {
        try {
          await client.call('AI.TENSORSET', `k${tag}`, 'INT32', 1, 'VALUES', n);
          last = n;
          longestGap = Math.max(longestGap, performance.now() - acknowledgedAt);
          acknowledgedAt = performance.now();
        } catch (error) {
          errors.push((error as Error).message);
        }
        await delay(2);
      }
    })();
    while (last < 50) await delay(10);
    // All is with the replica.
    await delay(200);
    longestGap = 0;
    cluster.redis[0]?.child.kill('SIGKILL');
    // No failover comes before the node timeout, 2 s.
    while (longestGap < 1000) await delay(10);
    // The node itself lives, and says where the slot is.
    const other = await RespClient.connect(first);
    expect(await other.send('PING')).toEqual('PONG');
    expect(await other.error('AI.TENSORGET', `k${tag}`, 'VALUES')).toMatch(
      new RegExp(`^MOVED \\d+ 127\\.0\\.0\\.1:(${cluster.ports.slice(3).join('|')})$`),
    );
    expect(JSON.stringify(await other.send('CLUSTER', 'SLOTS'))).toContain(String(cluster.ports[1]));
    other.close();
    isOver = true;
    await writing;
    console.info(
      `no write for ${Math.round(longestGap)} ms, errors at the client: ${JSON.stringify(errors)}`,
    );
    // What was under way when it died has an outcome that nobody knows: the client is told, at most of one.
    expect(errors.length).toBeLessThanOrEqual(1);
    const [value] = (await client.call('AI.TENSORGET', `k${tag}`, 'VALUES')) as number[];
    expect(Number(value)).toBeGreaterThanOrEqual(last);
    client.disconnect();
  });
});
