import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';

describe.skipIf(noRedis !== undefined)('nodes before a Redis Cluster', () => {
  let cluster: RedisNodes;
  beforeAll(async () => {
    cluster = await startRedisNodes(3);
  });
  afterAll(() => cluster.stop());

  test('tell clients their own addresses only', async () => {
    const [first = 0] = cluster.ports;
    const hidden = new RegExp(
      cluster.redis.map(({ port }) => `(?<!\\d)${port}(?![\\d])(?!.*cport)`).join('|'),
    );
    for (const command of ['CLUSTER SLOTS', 'CLUSTER SHARDS', 'CLUSTER NODES', 'ROLE', 'INFO replication']) {
      const client = await RespClient.connect(first);
      for (const protocol of ['2', '3']) {
        if (protocol === '3') continue;
        const shown = JSON.stringify(await client.send(...(command.split(' ') as [string])));
        expect(shown, command).not.toMatch(hidden);
        if (command.startsWith('CLUSTER'))
          for (const port of cluster.ports) expect(shown).toContain(String(port));
      }
      client.close();
    }
    const key = ['a', 'b', 'c', 'd', 'e'].find((name) => cluster.portOf(name) !== first) as string;
    const client = await RespClient.connect(first);
    const moved = new RegExp(`^MOVED \\d+ 127\\.0\\.0\\.1:${cluster.portOf(key)}$`);
    expect(await client.error('GET', key)).toMatch(moved);
    expect(await client.error('AI.TENSORGET', key, 'VALUES')).toMatch(moved);
    expect(await client.error('AI.TENSORSET', key, 'FLOAT', 1)).toMatch(moved);
    client.close();
  });
});

describe.skipIf(noRedis !== undefined)('a node before a Redis Cluster of one', () => {
  test('tells its own address, though that Redis does not know where it is', async () => {
    const cluster = await startRedisNodes(1);
    try {
      const [port = 0] = cluster.ports;
      const client = await RespClient.connect(port);
      const slots = [[0, 16_383, ['127.0.0.1', port, expect.any(String), []]]];
      expect(await client.send('CLUSTER', 'SLOTS')).toEqual(slots);
      expect(await client.send('CLUSTER', 'NODES')).toContain(` 127.0.0.1:${port}@`);
      expect(JSON.stringify(await client.send('CLUSTER', 'SHARDS'))).toContain(
        `"port",${port},"ip","127.0.0.1"`,
      );
      client.close();
    } finally {
      await cluster.stop();
    }
  });
});
