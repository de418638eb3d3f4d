import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpServer } from '../../../src/http/http-server.ts';
import type { TesseraNode } from '../../../src/node.ts';
import { model } from '../../support/node.ts';
import { type RedisNodes, startRedisNodes } from '../../support/redis-nodes.ts';
import { noRedis } from '../../support/redis-server.ts';
import { RespClient } from '../../support/resp-client.ts';

const request = {
  inputs: ['a', 'b'].map((name) => ({ name, shape: [1, 2], datatype: 'FP32', data: [1, 2] })),
};

describe.skipIf(noRedis !== undefined)('over HTTP, before a Redis Cluster', () => {
  let cluster: RedisNodes;
  const servers: HttpServer[] = [];
  beforeAll(async () => {
    cluster = await startRedisNodes(2);
    for (const { context } of cluster.nodes as readonly TesseraNode[]) {
      const server = new HttpServer({ host: '127.0.0.1', port: 0, inference: true }, context);
      await server.listen();
      servers.push(server);
    }
  }, 60_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await cluster.stop();
  });

  test('each node serves the models of all', async () => {
    const keys = ['m0', 'm1', 'm2', 'm3'];
    expect(new Set(keys.map((key) => cluster.portOf(key))).size).toBe(2);
    for (const key of keys) {
      const client = await RespClient.connect(cluster.portOf(key));
      expect(await client.send('AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
      client.close();
    }
    for (const { port } of servers) {
      for (const key of keys) {
        const reply = await fetch(`http://127.0.0.1:${port}/v2/models/${key}/infer`, {
          method: 'POST',
          body: JSON.stringify(request),
        });
        expect(await reply.json()).toMatchObject({ model_name: key, outputs: [{ data: [1, 4] }] });
      }
    }
  });
});
