import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { parseUpstream } from '../../src/upstream/upstream-address.ts';
import { model } from '../support/node.ts';
import { freePort, noRedis, startRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { startServe } from '../support/serve.ts';
import { get, sampleValue, scrape, startHttpNode } from './http-node.ts';

let node: TesseraNode | undefined;
afterEach(async () => {
  await node?.close();
  node = undefined;
});

async function json(at: TesseraNode, where: string): Promise<[number, Record<string, unknown>]> {
  const reply = await get(at, where);
  return [reply.status, (await reply.json()) as Record<string, unknown>];
}

describe('over HTTP', () => {
  test('a node that serves is healthy and ready', async () => {
    const dataDirectory = mkdtempSync(path.join(tmpdir(), 'tessera-'));
    node = await startHttpNode({ dataDirectory, durability: { mode: 'off', volatileTensors: [] } });
    expect(await json(node, '/healthz')).toEqual([
      200,
      { status: 'ok', node: 'test', uptimeSeconds: expect.any(Number) },
    ]);
    const checks = [
      { name: 'loaded', ok: true },
      { name: 'writable', ok: true },
    ];
    expect(await json(node, '/readyz')).toEqual([200, { status: 'ready', node: 'test', checks }]);
  });

  test('a node whose keys still come in is healthy, not ready', async () => {
    node = await startHttpNode();
    const keyspace = node.context.keyspace as unknown as {
      startLoading(source: object, progress: object): void;
      loaded(): void;
    };
    const nothing = { find: () => undefined, read: () => undefined };
    keyspace.startLoading(nothing, { startedAt: Date.now(), totalKeys: 10, loadedKeys: 4 });
    expect((await json(node, '/healthz'))[0]).toBe(200);
    const [status, body] = await json(node, '/readyz');
    expect(status).toBe(503);
    expect(body.checks).toContainEqual({ name: 'loaded', ok: false, detail: '4 of 10 keys' });
    keyspace.loaded();
    expect((await json(node, '/readyz'))[0]).toBe(200);
  });

  test.skipIf(noRedis !== undefined)('a node before a Redis is ready while that is there', async () => {
    const redis = await startRedis();
    node = await startHttpNode({ redis: { address: parseUpstream(`127.0.0.1:${redis.port}`) } });
    const client = await RespClient.connect(node.port);
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('AI.TENSORSET', 'x', 'FLOAT', '1', '2', 'VALUES', '1', '2');
    await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', '2', 'x', 'x', 'OUTPUTS', '1', 'y');
    expect((await json(node, '/readyz'))[0]).toBe(200);
    const before = await scrape(node);
    expect(sampleValue(before, 'tessera_run_seconds_count', { model: 'm' })).toBe(1);
    expect(sampleValue(before, 'tessera_upstream_up')).toBe(1);
    expect(sampleValue(before, 'tessera_upstream_cache_values')).toBe(3);
    await client.send('AI.MODELDEL', 'm');
    expect(sampleValue(await scrape(node), 'tessera_run_seconds_count', { model: 'm' })).toBeUndefined();
    client.close();
    await redis.stop();
    await vi.waitFor(async () => expect((await json(node as TesseraNode, '/readyz'))[0]).toBe(503));
    const [, { checks }] = await json(node, '/readyz');
    expect(checks).toEqual([
      { name: 'redis', ok: false, detail: `the Redis at 127.0.0.1:${redis.port} is away` },
    ]);
    expect((await json(node, '/healthz'))[0]).toBe(200);
    expect((await json(node, '/api/snapshot'))[1].upstream).toMatchObject({ isThere: false, losses: 1 });
  });

  test('what is not there is a JSON error', async () => {
    node = await startHttpNode();
    expect(await json(node, '/nope')).toEqual([404, { error: 'not found' }]);
    expect((await get(node, '/metrics', { method: 'POST', body: 'x' })).status).toBe(404);
    expect((await get(node, '/%E0%A4%A')).status).toBe(400);
  });

  test('serve takes the port as an argument, and says where it listens', async () => {
    const port = await freePort();
    const served = await startServe('--http-port', String(port));
    try {
      expect(served.log()).toContain(`http://127.0.0.1:${port}`);
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    } finally {
      await served.stop();
    }
  });

  test('without the option there is no port', async () => {
    node = await startHttpNode({ http: undefined });
    expect(node.http).toBeNull();
  });
});
