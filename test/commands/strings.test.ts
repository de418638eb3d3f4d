import { beforeEach, describe, expect, test } from 'vitest';
import { formatLongDouble, parseLongDouble } from '../../src/commands/long-double.ts';
import { onRedis } from '../support/engine.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { ALL_BYTES, WRONG_TYPE } from '../support/wrong-type.ts';

const shared = useSharedNode();
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
});

test.each([
  ['GET', 'k'],
  ['GETSET', 'k', 'v'],
  ['GETDEL', 'k'],
  ['GETEX', 'k'],
  ['INCR', 'k'],
  ['DECR', 'k'],
  ['INCRBY', 'k', '1'],
  ['DECRBY', 'k', '1'],
  ['INCRBYFLOAT', 'k', '1'],
  ['APPEND', 'k', 'v'],
  ['STRLEN', 'k'],
  ['GETRANGE', 'k', '0', '1'],
  ['SUBSTR', 'k', '0', '1'],
  ['SETRANGE', 'k', '0', 'v'],
  ['SETRANGE', 'k', '0', ''],
  ['SETBIT', 'k', '0', '1'],
  ['GETBIT', 'k', '0'],
  ['BITCOUNT', 'k'],
  ['BITPOS', 'k', '1'],
  ['BITOP', 'NOT', 'other', 'k'],
])('%s refuses a hash and leaves it', async (...command) => {
  await client.send('HSET', 'k', 'f', 'v');
  expect(await client.error(...command)).toBe(WRONG_TYPE);
  expect(await client.send('HGETALL', 'k')).toEqual(['f', 'v']);
  expect(await client.send('EXISTS', 'other')).toBe(0);
});

test('all bytes come back as they were, whole and in part', async () => {
  await client.send('SETNX', ALL_BYTES, ALL_BYTES);
  expect(await client.send('MGET', ALL_BYTES, 'none')).toEqual([ALL_BYTES, null]);
  expect(await client.send('APPEND', ALL_BYTES, ALL_BYTES)).toBe(512);
  expect(await client.send('GETRANGE', ALL_BYTES, 128, 383)).toEqual(
    Buffer.concat([ALL_BYTES.subarray(128), ALL_BYTES.subarray(0, 128)]),
  );
  expect(await client.send('GETDEL', ALL_BYTES)).toEqual(Buffer.concat([ALL_BYTES, ALL_BYTES]));
});

describe('integers', () => {
  test('count exactly up to both ends of 64 bits', async () => {
    const typed = await shared.connectTyped();
    await typed.send('SET', 'k', '9007199254740993');
    expect(await typed.send('INCR', 'k')).toBe(':9007199254740994');
    expect(await typed.send('INCRBY', 'k', '9214364837600034813')).toBe(':9223372036854775807');
    expect(await typed.send('INCR', 'k')).toBe('-ERR increment or decrement would overflow');
    expect(await typed.send('GET', 'k')).toBe('$9223372036854775807');
    expect(await typed.send('DECRBY', 'k', '-9223372036854775808')).toBe('-ERR decrement would overflow');
    await typed.send('SET', 'k', '-9223372036854775808');
    expect(await typed.send('DECR', 'k')).toBe('-ERR increment or decrement would overflow');
  });

  test.each(['1.5', ' 1', '1 ', '01', '+1', '-0', '', '9223372036854775808'])('%j is none', async (text) => {
    await client.send('SET', 'k', text);
    expect(await client.error('INCR', 'k')).toBe('ERR value is not an integer or out of range');
    expect(await client.error('INCRBY', 'other', text)).toBe('ERR value is not an integer or out of range');
    expect(await client.send('EXISTS', 'other')).toBe(0);
  });

  test('counting keeps the expiry', async () => {
    await client.send('SET', 'k', '1', 'EXAT', 2_000_000_000);
    await client.send('INCR', 'k');
    await client.send('INCRBYFLOAT', 'k', '0.5');
    await client.send('APPEND', 'k', '0');
    await client.send('SETRANGE', 'k', 0, '3');
    await client.send('SETBIT', 'k', 0, 1);
    expect(await client.send('EXPIRETIME', 'k')).toBe(2_000_000_000);
  });
});

describe('INCRBYFLOAT', () => {
  test.each([
    ['10.50', '0.1', '10.6'],
    ['5.0e3', '2.0e2', '5200'],
    ['0.1', '0.2', '0.3'],
    ['1', '-1.5', '-0.5'],
    ['-0.5', '0.5', '0'],
    ['3', '1.000000000000000005', '4.00000000000000001'],
    ['9007199254740993', '2', '9007199254740995'],
    ['0', '123456789.123456789', '123456789.12345678899873747'],
    ['0x10', '.5', '16.5'],
  ])('%s and %s are %s, as 80-bit numbers give it', async (present, by, sum) => {
    await client.send('SET', 'k', present);
    expect(await client.send('INCRBYFLOAT', 'k', by)).toBe(sum);
    expect(await client.send('GET', 'k')).toBe(sum);
  });

  test.each([
    ['x', 'ERR value is not a valid float'],
    ['nan', 'ERR value is not a valid float'],
    ['1e5000', 'ERR value is not a valid float'],
    ['1e-5000', 'ERR value is not a valid float'],
    [`0x1p${'9'.repeat(300)}`, 'ERR value is not a valid float'],
    ['', 'ERR value is not a valid float'],
    ['-inf', 'ERR increment would produce NaN or Infinity'],
  ])('by %j is refused', async (by, message) => {
    expect(await client.error('INCRBYFLOAT', 'k', by)).toBe(message);
    expect(await client.send('EXISTS', 'k')).toBe(0);
  });

  test('the largest number is as large as on x86', () => {
    const largest = parseLongDouble('0x1.fffffffffffffffep16383');
    expect(formatLongDouble(largest as NonNullable<typeof largest>)).toHaveLength(4933);
    expect(parseLongDouble('0x1.ffffffffffffffffp16383')).toBeUndefined();
    expect(parseLongDouble('0x1p16384')).toBeUndefined();
  });
});

describe('strings that grow', () => {
  const LIMIT = 512 * 1024 * 1024;
  const TOO_LONG = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';

  test.skipIf(onRedis('the memory is that of Redis'))(
    'are refused beyond 512 MB before memory is taken',
    async () => {
      await client.send('SET', 'k', 'v');
      const before = shared.node.context.keyspace.usedBytes;
      expect(await client.error('SETRANGE', 'k', LIMIT, 'x')).toBe(TOO_LONG);
      expect(await client.error('SETRANGE', 'k', '9223372036854775807', 'x')).toBe(TOO_LONG);
      expect(await client.error('SETRANGE', 'k', -1, 'x')).toBe('ERR offset is out of range');
      expect(await client.error('SETBIT', 'k', LIMIT * 8, 1)).toBe(
        'ERR bit offset is not an integer or out of range',
      );
      expect(shared.node.context.keyspace.usedBytes).toBe(before);
      expect(await client.send('GET', 'k')).toBe('v');
    },
  );

  test('obey a smaller limit that was set', async () => {
    await client.send('CONFIG', 'SET', 'proto-max-bulk-len', '1mb');
    try {
      await client.send('SET', 'k', Buffer.alloc(1024 * 1024));
      expect(await client.error('APPEND', 'k', 'x')).toBe(TOO_LONG);
      expect(await client.send('STRLEN', 'k')).toBe(1024 * 1024);
    } finally {
      await client.send('CONFIG', 'SET', 'proto-max-bulk-len', LIMIT);
    }
  });

  test('a copy of one that grew is not touched when either grows on', async () => {
    await client.send('SET', 'a', 'start');
    await client.send('APPEND', 'a', '-1');
    await client.send('COPY', 'a', 'b');
    expect(await client.send('APPEND', 'a', '-a')).toBe(9);
    expect(await client.send('APPEND', 'b', '-bb')).toBe(10);
    expect(await client.send('MGET', 'a', 'b')).toEqual(['start-1-a', 'start-1-bb']);
  });

  test('a reply that is under way is not touched by what comes after it', async () => {
    const large = Buffer.alloc(100_000, 'x');
    await client.send('SET', 'k', large);
    const replies = await Promise.all([
      client.send('GET', 'k'),
      client.send('APPEND', 'k', 'y'),
      client.send('GET', 'k'),
      client.send('SETRANGE', 'k', 0, 'z'),
      client.send('SETBIT', 'k', 9, 0),
      client.send('GETRANGE', 'k', 0, 2),
    ]);
    const [first, , second] = replies.map(String);
    expect(first).toBe('x'.repeat(100_000));
    expect(second).toBe(`${'x'.repeat(100_000)}y`);
    expect(replies[5]).toBe('z8x');
  });

  test('zeros fill what lies between, and what an earlier longer string left is not seen', async () => {
    await client.send('SET', 'k', 'abc');
    await client.send('APPEND', 'k', 'defgh');
    await client.send('SET', 'k', 'ab');
    expect(await client.send('SETRANGE', 'k', 5, 'x')).toBe(6);
    expect(await client.send('GET', 'k')).toBe('ab\0\0\0x');
    expect(await client.send('SETBIT', 'k', 71, 1)).toBe(0);
    expect(await client.send('GET', 'k')).toBe('ab\0\0\0x\0\0\x01');
  });

  test.skipIf(onRedis('the memory is that of Redis'))(
    'pieces of one byte, 20,000 of them, take room for less than twice as many',
    async () => {
      await Promise.all(Array.from({ length: 20_000 }, () => client.send('APPEND', 'k', 'x')));
      expect(await client.send('STRLEN', 'k')).toBe(20_000);
      expect(shared.node.context.keyspace.usedBytes).toBeLessThan(41_000);
    },
  );
});

test.skipIf(onRedis('the memory is that of Redis'))(
  'memory comes back when strings of all sizes and histories are gone',
  async () => {
    const start = shared.node.context.keyspace.usedBytes;
    await client.send('MSET', 'a', 'short', 'b', Buffer.alloc(20_000), 'c', '1');
    for (const key of ['a', 'b', 'c']) {
      await client.send('APPEND', key, '2');
      await client.send('COPY', key, `${key}-copy`);
      await client.send('APPEND', key, '3');
      await client.send('SETRANGE', key, 3, 'x');
      await client.send('SETBIT', key, 100_000, 1);
    }
    await client.send('BITOP', 'XOR', 'd', 'a', 'b', 'c');
    expect(shared.node.context.keyspace.usedBytes).toBeGreaterThan(start + 60_000);
    await client.send('DEL', 'a', 'b', 'c', 'a-copy', 'b-copy', 'c-copy', 'd');
    expect(shared.node.context.keyspace.usedBytes).toBe(start);
  },
);

test('MSETNX sets all or none, and takes pairs only', async () => {
  expect(await client.send('MSETNX', 'a', '1', 'b', '2')).toBe(1);
  expect(await client.send('MSETNX', 'c', '3', 'b', '4')).toBe(0);
  expect(await client.send('MGET', 'a', 'b', 'c')).toEqual(['1', '2', null]);
  expect(await client.error('MSETNX', 'a', '1', 'b')).toBe(
    "ERR wrong number of arguments for 'msetnx' command",
  );
});

test('GETEX sets and removes the expiry, SETEX refuses bad ones', async () => {
  expect(await client.send('SETEX', 'k', 100, 'v')).toBe('OK');
  expect(await client.send('GETEX', 'k', 'EXAT', 2_000_000_000)).toBe('v');
  expect(await client.send('EXPIRETIME', 'k')).toBe(2_000_000_000);
  expect(await client.send('GETEX', 'k', 'PERSIST')).toBe('v');
  expect(await client.send('TTL', 'k')).toBe(-1);
  expect(await client.send('GETEX', 'k', 'PXAT', 1)).toBe('v');
  expect(await client.send('EXISTS', 'k')).toBe(0);
  expect(await client.error('SETEX', 'k', 0, 'v')).toBe("ERR invalid expire time in 'setex' command");
  expect(await client.error('PSETEX', 'k', 'x', 'v')).toBe('ERR value is not an integer or out of range');
});

describe('bits', () => {
  test('are found at every position of a string, whatever is around them', async () => {
    const length = 19;
    for (let at = 0; at < length * 8; at += 7) {
      const ones = Buffer.alloc(length);
      ones[at >> 3] = 128 >> (at % 8);
      await client.send(
        'MSET',
        'one',
        ones,
        'zero',
        ones.map((byte) => ~byte),
      );
      const after = at + 1;
      expect(
        await Promise.all([
          client.send('BITPOS', 'one', 1),
          client.send('BITPOS', 'zero', 0),
          client.send('BITPOS', 'one', 1, after, -1, 'BIT'),
          client.send('BITCOUNT', 'one', at, at, 'BIT'),
          client.send('BITCOUNT', 'zero'),
        ]),
      ).toEqual([at, at, -1, 1, length * 8 - 1]);
    }
  });

  test('BITPOS looks for zeros behind the end only where no end is given', async () => {
    await client.send('SET', 'k', Buffer.from([255, 255]));
    expect(await client.send('BITPOS', 'k', 0)).toBe(16);
    expect(await client.send('BITPOS', 'k', 0, 1)).toBe(16);
    expect(await client.send('BITPOS', 'k', 0, 0, -1)).toBe(-1);
    expect(await client.send('BITPOS', 'none', 0)).toBe(0);
  });
});
