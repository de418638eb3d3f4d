import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { get, startHttpNode } from './http-node.ts';

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

  test('what is not there is a JSON error', async () => {
    node = await startHttpNode();
    expect(await json(node, '/nope')).toEqual([404, { error: 'not found' }]);
    expect((await get(node, '/metrics', { method: 'POST', body: 'x' })).status).toBe(404);
    expect((await get(node, '/%E0%A4%A')).status).toBe(400);
  });

  test('without the option there is no port', async () => {
    node = await startHttpNode({ http: undefined });
    expect(node.http).toBeNull();
  });
});
