import { describe, expect, test, vi } from 'vitest';
import { buildLargeModel } from '../../scripts/onnx-builder.ts';
import { model } from '../support/node.ts';
import { nodeFixture } from '../support/node-fixture.ts';
import type { Parsed, RespClient } from '../support/resp-client.ts';

const fixture = nodeFixture();
const large = buildLargeModel(50);
/** Still far slower to load than what happens meanwhile. */
const medium = buildLargeModel(20);
const run = ['AI.MODELEXECUTE', 'small', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c'] as const;

/** Sends the store and waits until the node has all of it; the flag tells whether it is answered. */
async function beginStore(client: RespClient, ...args: Parameters<RespClient['send']>) {
  const { counters } = fixture.node.context;
  const before = counters.commands;
  const store = { answered: false, reply: client.send('AI.MODELSTORE', ...args) };
  void store.reply.then(() => {
    store.answered = true;
  });
  await vi.waitFor(() => expect(counters.commands).toBe(before + 1), { timeout: 10_000, interval: 1 });
  return store;
}

async function prepareSmall(client: RespClient): Promise<void> {
  expect(await client.send('AI.MODELSTORE', 'small', 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 2, 2, 'VALUES', 1, 2, 3, 4);
}

describe('while a large model loads', () => {
  test('a thousand commands of another client are answered (50 MB)', async () => {
    const client = await fixture.start();
    const other = await fixture.connect();
    const store = await beginStore(client, 'large', 'ONNX', 'CPU', 'BLOB', large);
    const replies: Promise<Parsed>[] = [];
    for (let i = 0; i < 500; i++) replies.push(other.send('SET', `k${i}`, i), other.send('GET', `k${i}`));
    expect(await Promise.all(replies)).toEqual(Array.from({ length: 500 }, (_, i) => ['OK', `${i}`]).flat());
    expect(store.answered).toBe(false);
    expect(await store.reply).toBe('OK');
  });

  test.each([
    ['ran before', true],
    ['never ran', false],
  ])('runs of another model go on that %s', async (_, ranBefore) => {
    const client = await fixture.start();
    const other = await fixture.connect();
    await prepareSmall(client);
    if (ranBefore) expect(await other.send(...run)).toBe('OK');
    const store = await beginStore(client, 'large', 'ONNX', 'CPU', 'BLOB', medium);
    for (let i = 0; i < 20; i++) expect(await other.send(...run)).toBe('OK');
    expect(store.answered).toBe(false);
    expect(await other.send('AI.TENSORGET', 'c', 'VALUES')).toEqual(['1', '4', '9', '16']);
    expect(await store.reply).toBe('OK');
  });

  test('runs of another model go on that has its only session in the thread that loads', async () => {
    const client = await fixture.start();
    const other = await fixture.connect();
    const second = ['AI.MODELEXECUTE', 'second', ...run.slice(2)] as const;
    await prepareSmall(client);
    expect(await other.send(...run)).toBe('OK');
    expect(await client.send('AI.MODELSTORE', 'second', 'ONNX', 'CPU', 'BLOB', model('mul'))).toBe('OK');
    expect(await other.send(...second)).toBe('OK');
    // Each of the two threads holds one of them now, so whichever loads has the only session of one.
    const store = await beginStore(client, 'large', 'ONNX', 'CPU', 'BLOB', medium);
    for (const command of [run, second]) expect(await other.send(...command)).toBe('OK');
    expect(store.answered).toBe(false);
    expect(await store.reply).toBe('OK');
  });

  test('the key holds what it held before, and a key that was taken meanwhile is left alone', async () => {
    const client = await fixture.start();
    const other = await fixture.connect();
    await prepareSmall(client);
    const replace = await beginStore(client, 'small', 'ONNX', 'CPU', 'TAG', 'new', 'BLOB', medium);
    expect(await other.send(...run)).toBe('OK');
    expect(replace.answered).toBe(false);
    expect(await replace.reply).toBe('OK');
    const store = await beginStore(client, 'taken', 'ONNX', 'CPU', 'BLOB', medium);
    expect(await other.send('SET', 'taken', 'v')).toBe('OK');
    expect(((await store.reply) as Error).message).toBe(
      'WRONGTYPE Operation against a key holding the wrong kind of value',
    );
    expect(await other.send('GET', 'taken')).toBe('v');
  });
});
