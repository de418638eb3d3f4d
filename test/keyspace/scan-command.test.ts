import { beforeEach, describe, expect, test } from 'vitest';
import { onRedis } from '../support/engine.ts';
import { model } from '../support/node.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

describe('SCAN', () => {
  const shared = useSharedNode();
  let client: RespClient;
  beforeEach(async () => {
    client = await shared.connect();
  });

  async function scan(options: (string | number)[], between: () => Promise<unknown> = async () => {}) {
    const pages: string[][] = [];
    let cursor = '0';
    do {
      const [next, keys] = (await client.send('SCAN', cursor, ...options)) as [string, string[]];
      pages.push(keys);
      cursor = next;
      if (cursor !== '0') await between();
    } while (cursor !== '0');
    return { pages, keys: pages.flat().toSorted() };
  }

  async function fill(count: number, prefix = 'k'): Promise<string[]> {
    const keys = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
    await client.send('MSET', ...keys.flatMap((key) => [key, 'v']));
    return keys.toSorted();
  }

  test('of nothing is done at once', async () => {
    expect(await client.send('SCAN', 0)).toEqual(['0', []]);
  });

  test.skipIf(onRedis('its pages are of about that size'))(
    'returns ten keys a page by default, COUNT as many as it says, each once',
    async () => {
      const keys = await fill(95);
      const byTen = await scan([]);
      expect(byTen.pages.map((page) => page.length)).toEqual([...Array(9).fill(10), 5]);
      expect(byTen.keys).toEqual(keys);
      const byForty = await scan(['COUNT', 40]);
      expect(byForty.pages.map((page) => page.length)).toEqual([40, 40, 15]);
      expect(byForty.keys).toEqual(keys);
      expect((await scan(['count', 1_000_000])).pages.length).toBe(1);
    },
  );

  test('returns a key that is there all the while exactly once while others come and go', async () => {
    const stable = await fill(300, 'stable');
    await fill(300, 'going');
    let turn = 0;
    const { keys } = await scan(['COUNT', 7], async () => {
      const i = turn++;
      await client.send('SET', `coming${i}`, 'v');
      await client.send('DEL', `going${(i * 13) % 300}`, `going${299 - i}`);
      await client.send('PEXPIRE', `going${(i * 7) % 300}`, 0);
      await client.send('SET', `stable${i % 300}`, 'replaced');
      await client.send('RENAME', `coming${i}`, `renamed${i}`);
    });
    expect(keys.filter((key) => key.startsWith('stable'))).toEqual(stable);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('goes on with a cursor whose key is gone, on another connection too', async () => {
    const keys = await fill(30);
    const [cursor, first] = (await client.send('SCAN', 0, 'COUNT', 10)) as [string, string[]];
    await client.send('DEL', ...keys.filter((key) => !first.includes(key)).slice(0, 19));
    const other = await shared.connect();
    const [end, rest] = (await other.send('SCAN', cursor, 'COUNT', 100)) as [string, string[]];
    expect(end).toBe('0');
    expect(rest).toEqual(keys.filter((key) => !first.includes(key)).slice(19));
  });

  test.skipIf(onRedis('its pages are of about that size'))(
    'MATCH chooses by pattern, page by page',
    async () => {
      await fill(30, 'a');
      await fill(30, 'b');
      const { pages, keys } = await scan(['MATCH', 'a?', 'COUNT', 20]);
      expect(pages.length).toBe(3);
      expect(keys).toEqual(Array.from({ length: 10 }, (_, i) => `a${i}`));
      expect((await scan(['MATCH', 'a*', 'MATCH', 'b1?'])).keys.length).toBe(10);
    },
  );

  test.skipIf(onRedis('to it AI values are strings'))('TYPE chooses by type', async () => {
    await fill(3);
    await client.send('AI.TENSORSET', 'tensor', 'FLOAT', 1);
    await client.send('AI.MODELSTORE', 'model', 'ONNX', 'CPU', 'BLOB', model('mul'));
    expect((await scan(['TYPE', 'STRING'])).keys).toEqual(['k0', 'k1', 'k2']);
    expect((await scan(['TYPE', 'AI_TENSOR'])).keys).toEqual(['tensor']);
    expect((await scan(['TYPE', 'ai__model', 'MATCH', 'm*'])).keys).toEqual(['model']);
    expect((await scan(['TYPE', 'stream'])).keys).toEqual([]);
  });

  test('begins anew where the cursor is empty', async () => {
    const [key] = await fill(1);
    expect(await client.send('SCAN', '')).toEqual(['0', [key]]);
  });

  test('keys come back as bytes', async () => {
    const key = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0xc3, 0x28]);
    await client.send('SET', key, 'v');
    expect(await client.send('SCAN', 0)).toEqual(['0', [key]]);
    expect(await client.send('SCAN', 0, 'MATCH', Buffer.from([0xff, 0x2a]))).toEqual(['0', [key]]);
  });

  test.each([
    [['x'], 'ERR invalid cursor'],
    [['0', 'MATCH'], 'ERR syntax error'],
    [['0', 'FOO', '1'], 'ERR syntax error'],
    [['0', 'COUNT', '0'], 'ERR syntax error'],
    [['0', 'COUNT', '-1'], 'ERR syntax error'],
    [['0', 'COUNT', 'x'], 'ERR value is not an integer or out of range'],
    [['0', 'TYPE'], 'ERR syntax error'],
  ])('%j is refused', async (args, message) => {
    expect(await client.error('SCAN', ...args)).toBe(message);
  });
});
