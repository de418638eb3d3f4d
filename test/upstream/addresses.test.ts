import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../support/cluster.ts';
import { type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';

const HOST = '127.0.0.1';
const MAIN = path.join(import.meta.dirname, '../../src/main.ts');

describe.skipIf(noRedis !== undefined)('the file of a cluster', () => {
  let cluster: RedisNodes;
  beforeAll(async () => {
    cluster = await startRedisNodes(2);
  });
  afterAll(() => cluster.stop());

  test('may get and lose nodes while they run; one that cannot be used changes nothing', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tessera-file-'));
    const file = path.join(folder, 'cluster.config.json');
    const ports = (await freePorts(2)) as [number, number];
    const [, otherRedis = 0] = cluster.redis.map(({ port }) => port);
    const node = (i: number) => ({
      ...{ name: `node-${i + 1}`, host: HOST, port: ports[i] },
      redis: { host: HOST, port: cluster.redis[i]?.port },
    });
    const write = (...nodes: object[]) => writeFileSync(file, JSON.stringify({ engine: 'redis', nodes }));
    write(node(0));
    const child = spawn(
      process.execPath,
      [MAIN, 'node', '--name', 'node-1', '--config', file, '--data', folder],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    const said = (text: string) =>
      expect.poll(() => output, { timeout: 20_000, interval: 20 }).toContain(text);
    try {
      await said('listening');
      const client = await RespClient.connect(ports[0]);
      const slots = async () => JSON.stringify(await client.send('CLUSTER', 'SLOTS'));
      expect(await slots()).toContain(`"${HOST}",${otherRedis}`);
      write(node(0), node(1));
      await said('nodes before Redis nodes: 2');
      expect(await slots()).toContain(`"${HOST}",${ports[1]}`);
      writeFileSync(file, '{ "engine": "redis", "nodes": [');
      await said('the nodes stay those that were known');
      expect(await slots()).toContain(`"${HOST}",${ports[1]}`);
      write(node(0));
      await said('nodes before Redis nodes: 1');
      expect(await slots()).toContain(`"${HOST}",${otherRedis}`);
      client.close();
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });
});
