import { createClient, createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AiError, connect, Tessera, tensor } from '../../src/client/index.ts';
import type { TesseraNode } from '../../src/node.ts';
import { freePorts, startCluster, type TestCluster } from '../support/cluster.ts';
import { model, startNode } from '../support/node.ts';
import { type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis } from '../support/redis-server.ts';
import { clientContract } from './contract.ts';

const RESPS = [2, 3] as const;
const urlOf = (port: number | undefined) => `redis://127.0.0.1:${port}`;

let node: TesseraNode;
let cluster: TestCluster;

beforeAll(async () => {
  [node, cluster] = await Promise.all([startNode(), startCluster()]);
});
afterAll(() => Promise.all([node.close(), cluster.stop()]));

describe.each(RESPS)('one node over RESP%i', (RESP) => {
  const open = () => createClient({ url: urlOf(node.port), RESP });
  let redis: ReturnType<typeof open>;
  beforeAll(async () => {
    redis = open();
    await redis.connect();
  });
  afterAll(() => redis.close());

  clientContract(() => new Tessera(redis));
});

describe.each(RESPS)('a cluster over RESP%i', (RESP) => {
  const open = () => createCluster({ rootNodes: [{ url: urlOf(cluster.ports[0]) }], RESP });
  let redis: ReturnType<typeof open>;
  beforeAll(async () => {
    redis = open();
    await redis.connect();
  });
  afterAll(() => redis.close());

  clientContract(() => new Tessera(redis));
});

test('a pool of clients', async () => {
  const redis = createClient({ url: urlOf(node.port) });
  const pool = redis.createPool({ minimum: 2 });
  await pool.connect();
  const mul = new Tessera(pool).model('pooled', {
    inputs: { a: 'FLOAT', b: 'FLOAT' },
    outputs: { c: 'FLOAT' },
  });
  await mul.store('ONNX', model('mul'));
  const rows = Array.from({ length: 50 }, (_, i) => tensor('FLOAT', [[i, 1]]));
  const runs = await Promise.all(rows.map((row) => mul.run({ a: row, b: row })));
  expect(runs.map(({ c }) => c.data[0])).toEqual(rows.map((_, i) => i * i));
  await pool.close();
});

describe('connect', () => {
  test('finds out whether the server is of a cluster', async () => {
    for (const port of [node.port, cluster.ports[1]]) {
      await using ai = await connect(urlOf(port));
      const names = Array.from({ length: 12 }, (_, i) => `connect:${i}`);
      await Promise.all(names.map((name, i) => ai.setTensor(name, tensor('INT32', [i]))));
      const found = await Promise.all(names.map((name) => ai.getTensor(name, 'INT32')));
      expect(found.map(({ data }) => data[0])).toEqual(names.map((_, i) => i));
    }
  });

  test('takes the password of the URL to all nodes of a cluster', async () => {
    const open = await Promise.all(cluster.ports.map((port) => createClient({ url: urlOf(port) }).connect()));
    const protect = (password: string) =>
      Promise.all(open.map((redis) => redis.configSet('requirepass', password)));
    await protect('pass@word');
    try {
      await expect(connect(urlOf(cluster.ports[0]))).rejects.toThrow('NOAUTH');
      await using ai = await connect(`redis://:pass%40word@127.0.0.1:${cluster.ports[0]}`);
      const names = Array.from({ length: 12 }, (_, i) => `protected:${i}`);
      await Promise.all(names.map((name, i) => ai.setTensor(name, tensor('INT32', [i]))));
      expect(await ai.getTensor('protected:11')).toEqual(tensor('INT32', [11]));
    } finally {
      await protect('');
      for (const redis of open) redis.destroy();
    }
  });

  test('fails at once where nobody answers', async () => {
    const [port] = await freePorts(1);
    await expect(connect(urlOf(port))).rejects.toThrow('ECONNREFUSED');
  });

  test('goes on after its connection was lost, and tells', async () => {
    const lost: Error[] = [];
    await using ai = await connect(urlOf(node.port), { onError: (error) => lost.push(error) });
    await ai.setTensor('survivor', tensor('INT32', [7]));
    for (const session of node.context.clients.values()) session.kill();
    await expect.poll(() => lost.length).toBeGreaterThan(0);
    expect(await ai.getTensor('survivor')).toEqual(tensor('INT32', [7]));
  });
});

test('a run whose turn does not come in time is told apart', async () => {
  await using ai = await connect(urlOf(node.port));
  const endless = ai.model('endless{late}');
  await endless.store('ONNX', model('endless_loop'));
  const loop = endless.run({ x: tensor('FLOAT', [1]) }).catch((error: unknown) => error);
  const mul = ai.model('mul{late}');
  await mul.store('ONNX', model('mul')).catch(() => {});
  const late = await mul
    .run({ a: tensor('FLOAT', [[1, 2]]), b: tensor('FLOAT', [[1, 2]]) }, { timeoutMs: 20 })
    .catch((error: unknown) => error);
  expect(late).toBeInstanceOf(AiError);
  expect(late).toMatchObject({ code: 'TIMED_OUT' });
  expect(await loop).toMatchObject({ code: 'RAN_TOO_LONG' });
});

describe.skipIf(noRedis !== undefined)('nodes before a Redis Cluster', () => {
  let nodes: RedisNodes;
  const open = () => createCluster({ rootNodes: [{ url: urlOf(nodes.ports[0]) }] });
  let redis: ReturnType<typeof open>;
  beforeAll(async () => {
    nodes = await startRedisNodes(3);
    redis = open();
    await redis.connect();
  });
  afterAll(async () => {
    await redis.close();
    await nodes.stop();
  });

  clientContract(() => new Tessera(redis));
});
