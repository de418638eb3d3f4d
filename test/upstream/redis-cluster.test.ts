import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';

const run = promisify(execFile);

describe.skipIf(noRedis !== undefined)('nodes before a Redis Cluster', () => {
  let cluster: RedisNodes;
  beforeAll(async () => {
    cluster = await startRedisNodes(3);
  });
  afterAll(() => cluster.stop());

  const redisCli = async (...args: string[]) => (await run('redis-cli', args)).stdout;

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

  test('are a cluster to redis-cli, and clients see no error and no wrong value while slots move', async () => {
    const [first = 0] = cluster.ports;
    expect(await redisCli('--cluster', 'check', `127.0.0.1:${first}`)).toContain('All 16384 slots covered');
    const client = new Cluster([{ host: '127.0.0.1', port: first }]);
    const call = (...args: (string | number | Buffer)[]) => client.call(String(args[0]), ...args.slice(1));
    const wrong: string[] = [];
    let steps = 0;
    let isOver = false;
    // Tags in slots of the first master, from the lowest on: those are moved.
    const tags = Array.from({ length: 2000 }, (_, i) => `{t${i}}`)
      .filter((tag) => cluster.portOf(tag) === first)
      .slice(0, 6);
    const load = tags.map(async (tag, i) => {
      await call('AI.MODELSTORE', `m${tag}`, 'ONNX', 'CPU', 'BLOB', model('mul'));
      for (let n = 1; !isOver; n++, steps++) {
        const value = n * 10 + i;
        try {
          await call('AI.TENSORSET', `in${tag}`, 'FLOAT', 1, 2, 'VALUES', value, 1);
          await call(
            'AI.MODELEXECUTE',
            `m${tag}`,
            'INPUTS',
            2,
            `in${tag}`,
            `one${tag}`,
            'OUTPUTS',
            1,
            `out${tag}`,
          ).catch((error: Error) => {
            // The second input is there from the second round on.
            if (n > 1 || !/tensor key is empty/.test(error.message)) throw error;
          });
          await call('AI.TENSORSET', `one${tag}`, 'FLOAT', 1, 2, 'VALUES', 1, 1);
          const [got] = (await call('AI.TENSORGET', `in${tag}`, 'VALUES')) as string[];
          if (Number(got) !== value) wrong.push(`${got} for ${value}`);
          if (n === 1) continue;
          const [out] = (await call('AI.TENSORGET', `out${tag}`, 'VALUES')) as string[];
          if (Number(out) !== value) wrong.push(`run: ${out} for ${value}`);
        } catch (error) {
          wrong.push((error as Error).message);
        }
      }
    });
    const ids = await Promise.all(
      cluster.ports.map((port) => redisCli('-p', String(port), 'cluster', 'myid')),
    );
    const [from, to] = ids.map((id) => id.trim()) as [string, string];
    const moved = await redisCli(
      ...['--cluster', 'reshard', `127.0.0.1:${first}`, '--cluster-from', from, '--cluster-to', to],
      ...['--cluster-slots', '300', '--cluster-yes'],
    );
    expect(moved).toContain('Moving slot');
    isOver = true;
    await Promise.all(load);
    client.disconnect();
    expect(wrong).toEqual([]);
    expect(steps).toBeGreaterThan(0);
    expect(await redisCli('--cluster', 'check', `127.0.0.1:${first}`)).toContain('All 16384 slots covered');
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
