import { beforeEach, describe, expect, test } from 'vitest';
import { parseSortOptions } from '../../src/commands/keys/sort-options.ts';
import { SortedSetValue } from '../../src/keyspace/values/sorted-set-value.ts';
import { onRedis } from '../support/engine.ts';
import { model } from '../support/node.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { ALL_BYTES, WRONG_TYPE } from '../support/wrong-type.ts';

const shared = useSharedNode();
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
});

/** Puts a sorted set there, its members with the scores 1, 2, .. */
function putSortedSet(key: string, ...members: string[]): void {
  const zset = new SortedSetValue();
  members.forEach((member, i) => {
    zset.set(member, i + 1);
  });
  shared.node.context.keyspace.set(key, { type: 'zset', zset });
}

describe('OBJECT ENCODING', () => {
  const encoding = () => client.send('OBJECT', 'ENCODING', 'k');

  test.each([
    ['12', 'int'],
    ['-9223372036854775808', 'int'],
    ['9223372036854775808', 'embstr'],
    ['012', 'embstr'],
    ['x'.repeat(44), 'embstr'],
    ['x'.repeat(45), 'raw'],
  ])('of the string %s is %s', async (text, expected) => {
    await client.send('SET', 'k', text);
    expect(await encoding()).toBe(expected);
  });

  test.skipIf(onRedis('its settings are for 512 fields'))(
    'of a hash is listpack until it has more than 128 fields or one of more than 64 bytes, then for good',
    async () => {
      await client.send(
        'HSET',
        'k',
        ...Array.from({ length: 128 }, (_, i) => [`f${i}`, 'x'.repeat(64)]).flat(),
      );
      expect(await encoding()).toBe('listpack');
      await client.send('HSET', 'k', 'one more', '');
      expect(await encoding()).toBe('hashtable');
      await client.send('HDEL', 'k', 'one more');
      expect(await encoding()).toBe('hashtable');
      await client.send('DEL', 'k');
      await client.send('HSET', 'k', 'f', 'x'.repeat(65));
      expect(await encoding()).toBe('hashtable');
      await client.send('COPY', 'k', 'k2');
      await client.send('HSET', 'k2', 'f', '');
      expect(await client.send('OBJECT', 'ENCODING', 'k2')).toBe('hashtable');
    },
  );

  test('of a set is intset until it has more than 512 integers or anything else', async () => {
    await client.send('SADD', 'k', ...Array.from({ length: 512 }, (_, i) => i));
    expect(await encoding()).toBe('intset');
    await client.send('SADD', 'k', 512);
    expect(await encoding()).toBe('hashtable');
    await client.send('DEL', 'k');
    await client.send('SADD', 'k', '9223372036854775808');
    expect(await encoding()).toBe('hashtable');
  });

  test.skipIf(onRedis('it looks into the keyspace of the node'))(
    'of other values is that of their type',
    async () => {
      await client.send('SADD', 'set', 1, 2);
      await client.send('SORT', 'set', 'STORE', 'k');
      expect(await encoding()).toBe('quicklist');
      putSortedSet('k', ...Array.from({ length: 128 }, (_, i) => `m${i}`));
      expect(await encoding()).toBe('listpack');
      putSortedSet('k', ...Array.from({ length: 129 }, (_, i) => `m${i}`));
      expect(await encoding()).toBe('skiplist');
      await client.send('DEL', 'k');
      await client.send('AI.TENSORSET', 'k', 'FLOAT', 1);
      expect(await encoding()).toBe('raw');
      await client.send('DEL', 'k');
      await client.send('AI.MODELSTORE', 'k', 'ONNX', 'CPU', 'BLOB', model('mul'));
      expect(await encoding()).toBe('raw');
      await client.send('DEL', 'k');
      expect(await encoding()).toBeNull();
    },
  );
});

test('OBJECT REFCOUNT, FREQ and HELP answer as Redis does', async () => {
  await client.send('MSET', 'shared', '9999', 'own', '10000');
  expect(await client.send('OBJECT', 'REFCOUNT', 'shared')).toBe(2 ** 31 - 1);
  expect(await client.send('OBJECT', 'REFCOUNT', 'own')).toBe(1);
  expect(await client.send('OBJECT', 'REFCOUNT', 'none')).toBeNull();
  expect(await client.error('OBJECT', 'FREQ', 'own')).toMatch(/^ERR An LFU maxmemory policy is not selected/);
  expect(await client.send('OBJECT', 'FREQ', 'none')).toBeNull();
  const help = (await client.send('OBJECT', 'HELP')) as string[];
  expect([help.length, help.at(-1)]).toEqual([15, '    Prints this help.']);
  expect(await client.error('OBJECT', 'NONE', 'k')).toBe("ERR unknown subcommand 'NONE'. Try OBJECT HELP.");
});

test.skipIf(onRedis('it looks into the keyspace of the node'))(
  'OBJECT IDLETIME counts from the last reading, and looking at it is none',
  async () => {
    const { keyspace } = shared.node.context;
    await client.send('SET', 'k', 'v');
    expect(await client.send('OBJECT', 'IDLETIME', 'k')).toBe(0);
    expect(await client.send('OBJECT', 'IDLETIME', 'none')).toBeNull();
    await new Promise<void>((resolve) => {
      const look = setInterval(() => {
        expect(keyspace.peek('k')).toBeDefined();
        if ((keyspace.idleSeconds('k') ?? 0) < 1) return;
        clearInterval(look);
        resolve();
      }, 20);
    });
    expect(await client.send('OBJECT', 'ENCODING', 'k')).toBe('embstr');
    expect(await client.send('OBJECT', 'IDLETIME', 'k')).toBeGreaterThanOrEqual(1);
    await client.send('GET', 'k');
    expect(await client.send('OBJECT', 'IDLETIME', 'k')).toBe(0);
  },
);

test('RANDOMKEY returns every key sooner or later, and none that has expired', async () => {
  expect(await client.send('RANDOMKEY')).toBeNull();
  const keys = ['a', 'b', 'c'];
  for (const key of keys) await client.send('SET', key, 'v');
  const found = await Promise.all(Array.from({ length: 300 }, () => client.send('RANDOMKEY')));
  expect([...new Set(found)].sort()).toEqual(keys);
  await client.send('DEL', ...keys);
  await client.send('SET', ALL_BYTES, 'v');
  expect(await client.send('RANDOMKEY')).toEqual(ALL_BYTES);
});

describe('SORT', () => {
  const NOT_A_SCORE = "ERR One or more scores can't be converted into double";

  beforeEach(async () => {
    await client.send('SADD', 'set', '10', '9', '-2.5', '1e3');
  });

  test('orders numbers, or bytes with ALPHA', async () => {
    expect(await client.send('SORT', 'set')).toEqual(['-2.5', '9', '10', '1e3']);
    expect(await client.send('SORT', 'set', 'DESC', 'LIMIT', 1, 2)).toEqual(['10', '9']);
    expect(await client.send('SORT_RO', 'set', 'ALPHA')).toEqual(['-2.5', '10', '1e3', '9']);
    expect(await client.send('SORT', 'set', 'LIMIT', 4, 1)).toEqual([]);
    expect(await client.send('SORT', 'none')).toEqual([]);
    await client.send('SADD', 'set', 'x');
    expect(await client.error('SORT', 'set')).toBe(NOT_A_SCORE);
    await client.send('SADD', 'bytes', ALL_BYTES, 'a');
    expect(await client.send('SORT', 'bytes', 'ALPHA')).toEqual([ALL_BYTES, 'a']);
  });

  test('orders by and returns what other keys hold', async () => {
    await client.send('SADD', 'ids', '1', '2', '3');
    await client.send('MSET', 'weight_1', '30', 'weight_2', '20');
    await client.send('HSET', 'object_1', 'name', 'one', 'rank', '1');
    await client.send('HSET', 'object_3', 'name', 'three', 'rank', '-1');
    expect(await client.send('SORT', 'ids', 'BY', 'weight_*')).toEqual(['3', '2', '1']);
    expect(
      await client.send('SORT', 'ids', 'BY', 'object_*->rank', 'GET', '#', 'GET', 'object_*->name'),
    ).toEqual([...['3', 'three', '2', null, '1', 'one']]);
    await client.send('SET', 'weight_3', 'x');
    expect(await client.error('SORT', 'ids', 'BY', 'weight_*')).toBe(NOT_A_SCORE);
  });

  test.skipIf(onRedis('it looks into the keyspace of the node'))(
    'goes through lists and sorted sets in their own order where BY names no key',
    async () => {
      await client.send('SADD', 'digits', '3', '1', '2');
      expect(await client.send('SORT', 'digits', 'DESC', 'STORE', 'list')).toBe(3);
      expect(await client.send('TYPE', 'list')).toBe('list');
      expect(await client.send('SORT', 'list', 'BY', 'nosort')).toEqual(['3', '2', '1']);
      expect(await client.send('SORT', 'list', 'BY', 'nosort', 'DESC')).toEqual(['1', '2', '3']);
      expect(await client.send('SORT', 'list')).toEqual(['1', '2', '3']);
      putSortedSet('zset', 'low', 'middle', 'high');
      expect(await client.send('SORT', 'zset', 'BY', 'nosort', 'LIMIT', 0, 2)).toEqual(['low', 'middle']);
      expect(await client.send('SORT', 'zset', 'BY', 'nosort', 'DESC')).toEqual(['high', 'middle', 'low']);
      expect(await client.send('SORT', 'zset', 'ALPHA')).toEqual(['high', 'low', 'middle']);
    },
  );

  test('STORE replaces what was there, and deletes it where there is nothing to store', async () => {
    await client.send('SET', 'stored', 'text', 'EXAT', 2_000_000_000);
    expect(await client.send('SORT', 'set', 'GET', '#', 'GET', 'none_*', 'STORE', 'stored')).toBe(8);
    expect(await client.send('SORT', 'stored', 'BY', 'nosort')).toEqual([
      '-2.5',
      '',
      '9',
      '',
      '10',
      '',
      '1e3',
      '',
    ]);
    expect(await client.send('TTL', 'stored')).toBe(-1);
    expect(await client.send('SORT', 'none', 'STORE', 'stored')).toBe(0);
    expect(await client.send('EXISTS', 'stored')).toBe(0);
    expect(await client.error('SORT_RO', 'set', 'STORE', 'stored')).toBe('ERR syntax error');
    expect(
      await client.send('COMMAND', 'GETKEYS', 'SORT', 'a', 'BY', 'store', 'STORE', 'b', 'STORE', 'c'),
    ).toEqual([...['a', 'c']]);
  });

  test('refuses other types and bad options', async () => {
    await client.send('SET', 'text', '1');
    expect(await client.error('SORT', 'text')).toBe(WRONG_TYPE);
    expect(await client.error('SORT', 'set', 'LIMIT', 0)).toBe('ERR syntax error');
    expect(await client.error('SORT', 'set', 'LIMIT', 0, 'x')).toBe(
      'ERR value is not an integer or out of range',
    );
    expect(await client.error('SORT', 'set', 'FOO')).toBe('ERR syntax error');
  });

  test('in cluster mode patterns are denied, since their keys may be elsewhere', () => {
    const parse = (...args: string[]) =>
      parseSortOptions(
        ['SORT', 'k', ...args].map((arg) => Buffer.from(arg)),
        false,
        true,
      );
    expect(() => parse('BY', 'w_*')).toThrow('ERR BY option of SORT denied in cluster mode.');
    expect(() => parse('GET', '#')).toThrow('ERR GET option of SORT denied in cluster mode.');
    expect(parse('BY', 'nosort').by).toBe('nosort');
  });
});
