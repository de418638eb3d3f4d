import { beforeEach, describe, expect, test } from 'vitest';
import { onRedis } from '../support/engine.ts';
import type { Parsed, RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { ALL_BYTES, WRONG_TYPE } from '../support/wrong-type.ts';

const shared = useSharedNode();
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
});

/** Sets fields f0, f1, .. with values of their own, many at once. */
async function fill(key: string, count: number): Promise<string[]> {
  const fields = Array.from({ length: count }, (_, i) => `f${i}`);
  await client.send('HSET', key, ...fields.flatMap((field) => [field, `value of ${field}`]));
  return fields;
}

test.each([
  ['HSET', 'k', 'f', 'v'],
  ['HSETNX', 'k', 'f', 'v'],
  ['HMSET', 'k', 'f', 'v'],
  ['HGET', 'k', 'f'],
  ['HMGET', 'k', 'f'],
  ['HGETALL', 'k'],
  ['HDEL', 'k', 'f'],
  ['HLEN', 'k'],
  ['HSTRLEN', 'k', 'f'],
  ['HEXISTS', 'k', 'f'],
  ['HKEYS', 'k'],
  ['HVALS', 'k'],
  ['HINCRBY', 'k', 'f', '1'],
  ['HINCRBYFLOAT', 'k', 'f', '1'],
  ['HRANDFIELD', 'k'],
  ['HRANDFIELD', 'k', '1'],
  ['HSCAN', 'k', '0'],
])('%s refuses a string and leaves it', async (...command) => {
  await client.send('SET', 'k', 'text');
  expect(await client.error(...command)).toBe(WRONG_TYPE);
  expect(await client.send('GET', 'k')).toBe('text');
});

test('fields and values are bytes', async () => {
  expect(await client.send('HSET', 'k', ALL_BYTES, ALL_BYTES)).toBe(1);
  expect(await client.send('HGETALL', 'k')).toEqual([ALL_BYTES, ALL_BYTES]);
  expect(await client.send('HKEYS', 'k')).toEqual([ALL_BYTES]);
  expect(await client.send('HSCAN', 'k', 0)).toEqual(['0', [ALL_BYTES, ALL_BYTES]]);
  expect(await client.send('HRANDFIELD', 'k', 1, 'WITHVALUES')).toEqual([ALL_BYTES, ALL_BYTES]);
  expect(await client.send('HSTRLEN', 'k', ALL_BYTES)).toBe(256);
  expect(await client.send('HDEL', 'k', ALL_BYTES)).toBe(1);
});

test('a large value is kept whole', async () => {
  const large = Buffer.alloc(100_000, ALL_BYTES);
  await client.send('HSET', 'k', 'f', large, 'g', 'small');
  expect(await client.send('HMGET', 'k', 'f', 'none', 'g')).toEqual([large, null, 'small']);
});

test('a small hash keeps the order in which fields came, also when some go', async () => {
  await client.send('HSET', 'k', 'a', '1', 'b', '2', 'c', '3', 'd', '4');
  await client.send('HDEL', 'k', 'b');
  await client.send('HSET', 'k', 'a', '5', 'e', '6');
  expect(await client.send('HGETALL', 'k')).toEqual(['a', '5', 'c', '3', 'd', '4', 'e', '6']);
  expect(await client.send('HVALS', 'k')).toEqual(['5', '3', '4', '6']);
});

test('in RESP3 HGETALL is a map, and HRANDFIELD WITHVALUES has pairs', async () => {
  const typed = await shared.connectTyped();
  await typed.send('HELLO', 3);
  await typed.send('HSET', 'k', 'f', 'v');
  expect(await typed.send('HGETALL', 'k')).toEqual({ map: [['$f', '$v']] });
  expect(await typed.send('HGETALL', 'none')).toEqual({ map: [] });
  expect(await typed.send('HRANDFIELD', 'k', -2, 'WITHVALUES')).toEqual([
    ['$f', '$v'],
    ['$f', '$v'],
  ]);
});

test('a hash without fields is gone, and WATCH sees each change once', async () => {
  const watcher = await shared.connect();
  await client.send('HSET', 'k', 'f', 'v');
  await watcher.send('WATCH', 'k');
  expect(await client.send('HDEL', 'k', 'none')).toBe(0);
  await watcher.send('MULTI');
  await watcher.send('PING');
  expect(await watcher.send('EXEC')).toEqual(['PONG']);
  await watcher.send('WATCH', 'k');
  expect(await client.send('HDEL', 'k', 'f', 'f')).toBe(1);
  expect(await client.send('EXISTS', 'k')).toBe(0);
  await watcher.send('MULTI');
  await watcher.send('PING');
  expect(await watcher.send('EXEC')).toBeNull();
});

test('a reply inside EXEC shows the hash as it was at that command', async () => {
  await client.send('HSET', 'k', 'f', '1');
  await client.send('MULTI');
  for (const command of ['HVALS', 'HKEYS', 'HGETALL']) await client.send(command, 'k');
  await client.send('HSET', 'k', 'f', '2', 'g', '3');
  expect(await client.send('EXEC')).toEqual([['1'], ['f'], ['f', '1'], 1]);
});

test('counting is exact to 64 bits and changes nothing when it fails', async () => {
  const typed = await shared.connectTyped();
  expect(await typed.send('HINCRBY', 'k', 'f', '9223372036854775807')).toBe(':9223372036854775807');
  expect(await typed.send('HINCRBY', 'k', 'f', 1)).toBe('-ERR increment or decrement would overflow');
  expect(await typed.send('HINCRBYFLOAT', 'k', 'g', '10.50')).toBe('$10.5');
  expect(await typed.send('HINCRBYFLOAT', 'k', 'g', '0.1')).toBe('$10.6');
  await typed.send('HSET', 'k', 't', 'text');
  expect(await typed.send('HINCRBY', 'k', 't', 1)).toBe('-ERR hash value is not an integer');
  expect(await typed.send('HINCRBYFLOAT', 'k', 't', 1)).toBe('-ERR hash value is not a float');
  expect(await typed.send('HINCRBYFLOAT', 'k', 'g', 'inf')).toBe('-ERR value is NaN or Infinity');
  expect(await typed.send('HINCRBYFLOAT', 'other', 'g', 'x')).toBe('-ERR value is not a valid float');
  expect(await typed.send('HGETALL', 'k')).toEqual([
    '$f',
    '$9223372036854775807',
    '$g',
    '$10.6',
    '$t',
    '$text',
  ]);
  expect(await typed.send('EXISTS', 'other')).toBe(':0');
});

describe('HSCAN', () => {
  test('returns each field that is there all the while, however others come and go', async () => {
    const fields = await fill('k', 1000);
    const stay = fields.filter((_, i) => i % 3 === 0);
    const go = fields.filter((_, i) => i % 3 !== 0);
    const seen = new Set<string>();
    let cursor = '0';
    let calls = 0;
    do {
      const [next, page] = (await client.send('HSCAN', 'k', cursor, 'COUNT', 20)) as [string, Parsed[]];
      for (let i = 0; i < page.length; i += 2) {
        expect(page[i + 1]).toBe(page[i]?.toString().startsWith('f') ? `value of ${page[i]}` : 'new');
        seen.add(String(page[i]));
      }
      cursor = next;
      calls++;
      // From the front, the back and the middle, and fewer are left than the cursor says; then others come.
      const going = [...go.splice(0, 15), ...go.splice(-15), ...go.splice(go.length >> 1, 15)];
      if (going.length > 0) await client.send('HDEL', 'k', ...going);
      await client.send(
        'HSET',
        'k',
        ...Array.from({ length: 10 }, (_, i) => [`n${calls}-${i}`, 'new']).flat(),
      );
    } while (cursor !== '0');
    expect(calls).toBeLessThan(60);
    expect(stay.filter((field) => !seen.has(field))).toEqual([]);
  });

  test('goes through a hash of many fields page by page, and through a small one at once', async () => {
    const fields = await fill('large', 500);
    const found: string[] = [];
    let cursor = '0';
    do {
      const [next, page] = (await client.send('HSCAN', 'large', cursor, 'MATCH', '*7', 'COUNT', 100)) as [
        string,
        string[],
      ];
      found.push(...page.filter((_, i) => i % 2 === 0));
      cursor = next;
    } while (cursor !== '0');
    expect(found.sort()).toEqual(fields.filter((field) => field.endsWith('7')).sort());
    await fill('small', 100);
    const [end, page] = (await client.send('HSCAN', 'small', 0, 'COUNT', 1)) as [string, string[]];
    expect([end, page.length]).toEqual(['0', 200]);
  });

  test('refuses what is no cursor, count or option', async () => {
    await client.send('HSET', 'k', 'f', 'v');
    expect(await client.error('HSCAN', 'k', 'x')).toBe('ERR invalid cursor');
    expect(await client.error('HSCAN', 'k', 0, 'COUNT', 0)).toBe('ERR syntax error');
    expect(await client.error('HSCAN', 'k', 0, 'COUNT', 'x')).toBe(
      'ERR value is not an integer or out of range',
    );
    expect(await client.error('HSCAN', 'k', 0, 'MATCH')).toBe('ERR syntax error');
    expect(await client.send('HSCAN', 'none', 0, 'FOO')).toEqual(['0', []]);
  });
});

describe('HRANDFIELD', () => {
  test('gives different fields for a count, repeats for a negative one, each about equally often', async () => {
    const fields = await fill('k', 200);
    const some = (await client.send('HRANDFIELD', 'k', 150)) as string[];
    expect([some.length, new Set(some).size]).toEqual([150, 150]);
    expect(((await client.send('HRANDFIELD', 'k', 1000)) as string[]).sort()).toEqual([...fields].sort());
    const many = (await client.send('HRANDFIELD', 'k', -40_000)) as string[];
    const times = new Map<string, number>();
    for (const field of many) times.set(field, (times.get(field) ?? 0) + 1);
    // 200 expected each, 14 the standard deviation: outside of these once in 10^12 fields.
    expect([times.size, many.length]).toEqual([200, 40_000]);
    expect(Math.min(...times.values())).toBeGreaterThan(90);
    expect(Math.max(...times.values())).toBeLessThan(320);
  });

  test.skipIf(onRedis('Redis takes the time and the memory that it needs'))(
    'a reply too large to be meant is refused',
    async () => {
      await client.send('HSET', 'k', 'f', 'v');
      expect(await client.error('HRANDFIELD', 'k', '-9223372036854775807')).toBe('ERR value is out of range');
      expect(await client.error('HRANDFIELD', 'k', '-9223372036854775808')).toBe(
        'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
      );
    },
  );
});

test.skipIf(onRedis('the memory is that of Redis'))('memory comes back field by field', async () => {
  const { keyspace } = shared.node.context;
  const start = keyspace.usedBytes;
  const fields = await fill('k', 300);
  await client.send('COPY', 'k', 'copy');
  await client.send('HSET', 'k', 'f0', 'a longer value than before', 'f1', '');
  expect(keyspace.usedBytes).toBeGreaterThan(start + 2 * 300 * 10);
  await client.send('HDEL', 'k', ...fields.slice(0, 299));
  expect(await client.send('HGETALL', 'k')).toEqual(['f299', 'value of f299']);
  await client.send('HDEL', 'k', 'f299');
  expect(await client.send('HLEN', 'copy')).toBe(300);
  await client.send('DEL', 'copy');
  expect(keyspace.usedBytes).toBe(start);
});
