import { beforeEach, describe, expect, test } from 'vitest';
import { engine, onRedis } from '../support/engine.ts';
import { model } from '../support/node.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const NO_SUCH_KEY = 'ERR no such key';

describe('key commands', () => {
  const shared = useSharedNode();
  let client: RespClient;
  beforeEach(async () => {
    client = await shared.connect();
  });

  async function storeEachType(): Promise<void> {
    await client.send('SET', 'string', 'v');
    await client.send('AI.TENSORSET', 'tensor', 'FLOAT', 2, 'VALUES', 1, 2);
    await client.send('AI.MODELSTORE', 'model', 'ONNX', 'CPU', 'TAG', 'tag', 'BLOB', model('mul'));
  }

  const usedBytes = () => shared.node.context.keyspace.usedBytes;

  test.skipIf(onRedis('to it AI values are strings'))('TYPE names each type', async () => {
    await storeEachType();
    const types = await Promise.all(
      ['string', 'tensor', 'model', 'none'].map((key) => client.send('TYPE', key)),
    );
    expect(types).toEqual(['string', 'AI_TENSOR', 'AI__MODEL', 'none']);
  });

  test.skipIf(onRedis('the memory is that of Redis')).each(['DEL', 'UNLINK'])(
    '%s deletes values of each type and counts what was there',
    async (command) => {
      const before = usedBytes();
      await storeEachType();
      expect(await client.send(command, 'string', 'string', 'tensor', 'model', 'none')).toBe(3);
      expect(await client.send('EXISTS', 'string', 'tensor', 'model')).toBe(0);
      expect(usedBytes()).toBe(before);
    },
  );

  test.each(['EXISTS', 'TOUCH'])('%s counts a key as often as it is named', async (command) => {
    await client.send('MSET', 'a', 1, 'b', 2);
    expect(await client.send(command, 'a', 'b', 'a', 'none', 'a')).toBe(4);
  });

  test('keys are bytes from end to end', async () => {
    const keys = [
      ALL_BYTES,
      Buffer.alloc(0),
      ...Array.from(ALL_BYTES, (byte) => Buffer.from([byte])),
      Buffer.from('c3a9', 'hex'),
    ];
    for (const [i, key] of keys.entries()) expect(await client.send('SET', key, `v${i}`)).toBe('OK');
    expect(await client.send('DBSIZE')).toBe(keys.length);
    for (const [i, key] of keys.entries()) expect(await client.send('GET', key)).toBe(`v${i}`);
    const listed = (await client.send('KEYS', '*')) as (string | Buffer)[];
    expect(listed.map((key) => Buffer.from(key).toString('hex')).toSorted()).toEqual(
      keys.map((key) => key.toString('hex')).toSorted(),
    );
    expect(await client.send('RENAME', ALL_BYTES, 'plain')).toBe('OK');
    expect(await client.send('COPY', 'plain', Buffer.concat([ALL_BYTES, ALL_BYTES]))).toBe(1);
    expect(await client.send('GET', Buffer.concat([ALL_BYTES, ALL_BYTES]))).toBe('v0');
    expect(await client.send('DEL', ...keys)).toBe(keys.length - 1);
    expect(await client.send('DBSIZE')).toBe(2);
  });

  test('values are bytes from end to end', async () => {
    const large = Buffer.concat(Array.from({ length: 100 }, () => ALL_BYTES));
    for (const value of [ALL_BYTES, large]) {
      await client.send('SET', 'k', value);
      expect(Buffer.compare((await client.send('GET', 'k')) as Buffer, value)).toBe(0);
    }
  });

  describe('RENAME', () => {
    test('moves value and expiry, in place of what was there', async () => {
      await storeEachType();
      await client.send('SET', 'string', 'v', 'EX', 1000);
      await client.send('SET', 'old', 'gone', 'EX', 50);
      for (const key of ['string', 'tensor', 'model']) {
        expect(await client.send('RENAME', key, 'old')).toBe('OK');
        expect(await client.send('EXISTS', key)).toBe(0);
        if (key === 'string') expect(await client.send('TTL', 'old')).toBe(1000);
        else expect(await client.send('TTL', 'old')).toBe(-1);
      }
      if (engine === 'embedded') expect(await client.send('TYPE', 'old')).toBe('AI__MODEL');
      expect(await client.send('DBSIZE')).toBe(1);
    });

    test('to itself changes nothing; of nothing is an error', async () => {
      await client.send('SET', 'k', 'v', 'EX', 1000);
      expect(await client.send('RENAME', 'k', 'k')).toBe('OK');
      expect([await client.send('GET', 'k'), await client.send('TTL', 'k')]).toEqual(['v', 1000]);
      expect(await client.error('RENAME', 'none', 'k')).toBe(NO_SUCH_KEY);
      expect(await client.error('RENAME', 'none', 'none')).toBe(NO_SUCH_KEY);
    });

    test('RENAMENX keeps what is there', async () => {
      await client.send('MSET', 'a', 1, 'b', 2);
      expect(await client.send('RENAMENX', 'a', 'b')).toBe(0);
      expect(await client.send('RENAMENX', 'a', 'a')).toBe(0);
      expect(await client.send('RENAMENX', 'a', 'c')).toBe(1);
      expect(await client.send('MGET', 'a', 'b', 'c')).toEqual([null, '2', '1']);
      expect(await client.error('RENAMENX', 'none', 'c')).toBe(NO_SUCH_KEY);
    });
  });

  describe('COPY', () => {
    test('puts a value of each type under a second key, with its expiry', async () => {
      await storeEachType();
      await client.send('EXPIRE', 'tensor', 1000);
      for (const key of ['string', 'tensor', 'model'])
        expect(await client.send('COPY', key, `${key}2`)).toBe(1);
      expect(await client.send('GET', 'string2')).toBe('v');
      expect(await client.send('AI.TENSORGET', 'tensor2', 'VALUES')).toEqual(['1', '2']);
      expect(await client.send('AI.MODELGET', 'model2', 'META')).toEqual(
        await client.send('AI.MODELGET', 'model', 'META'),
      );
      expect(await client.send('TTL', 'tensor2')).toBe(1000);
      expect(await client.send('TTL', 'string2')).toBe(-1);
    });

    test('replaces only with REPLACE, and takes the expiry of the source', async () => {
      await client.send('MSET', 'a', 1, 'b', 2);
      await client.send('EXPIRE', 'b', 1000);
      expect(await client.send('COPY', 'a', 'b')).toBe(0);
      expect(await client.send('COPY', 'a', 'b', 'DB', 0, 'REPLACE')).toBe(1);
      expect([await client.send('GET', 'b'), await client.send('TTL', 'b')]).toEqual(['1', -1]);
      expect(await client.send('COPY', 'none', 'c')).toBe(0);
    });

    test.skipIf(onRedis('the memory is that of Redis'))(
      'the copies lead lives of their own and share their memory',
      async () => {
        const before = usedBytes();
        await client.send('AI.TENSORSET', 'a', 'UINT8', 1_000_000);
        const one = usedBytes();
        await client.send('COPY', 'a', 'b');
        expect(usedBytes() - one).toBeLessThan(1000);
        await client.send('AI.TENSORSET', 'a', 'UINT8', 1, 'VALUES', 7);
        expect(await client.send('AI.TENSORGET', 'b', 'META')).toEqual([
          'dtype',
          'UINT8',
          'shape',
          [1_000_000],
        ]);
        await client.send('DEL', 'a', 'b');
        expect(usedBytes()).toBe(before);
      },
    );

    test.each([
      [['a', 'a'], 'ERR source and destination objects are the same'],
      [['none', 'none'], 'ERR source and destination objects are the same'],
      [['a', 'b', 'FOO'], 'ERR syntax error'],
      [['a', 'b', 'DB'], 'ERR syntax error'],
      [['a', 'b', 'DB', 'x'], 'ERR value is not an integer or out of range'],
      [['a', 'b', 'DB', '99'], 'ERR DB index is out of range'],
    ])('%j is refused', async (args, message) => {
      await client.send('SET', 'a', 1);
      expect(await client.error('COPY', ...args)).toBe(message);
      expect(await client.send('DBSIZE')).toBe(1);
    });
  });

  describe('KEYS', () => {
    const matching: [string, string[]][] = [
      ['*', ['abc', 'abd', 'a*c', 'a-c', 'Abc', 'a\\c', 'ab']],
      ['a?c', ['abc', 'a*c', 'a-c', 'a\\c']],
      ['a[bx]c', ['abc']],
      ['ab[c-e]', ['abc', 'abd']],
      ['ab[e-c]', ['abc', 'abd']],
      ['a[^b]c', ['a*c', 'a-c', 'a\\c']],
      ['a\\*c', ['a*c']],
      ['a[\\+-z]c', ['a-c']],
      ['a[-b]c', ['abc', 'a-c']],
      ['a\\\\c', ['a\\c']],
      ['[aA]b*', ['abc', 'abd', 'Abc', 'ab']],
      ['**b**', ['abc', 'abd', 'Abc', 'ab']],
      ['ab[c', ['abc']],
      ['', []],
      ['abc?', []],
    ];
    test.each(matching)('%s matches as Redis matches', async (pattern, expected) => {
      for (const key of ['abc', 'abd', 'a*c', 'a-c', 'Abc', 'a\\c', 'ab']) await client.send('SET', key, 1);
      expect(((await client.send('KEYS', pattern)) as string[]).toSorted()).toEqual(expected.toSorted());
    });

    test('a pattern of many stars ends quickly on a key that nearly matches', async () => {
      await client.send('SET', 'a'.repeat(5000), 1);
      expect(await client.send('KEYS', `${'*a'.repeat(200)}b`)).toEqual([]);
    });
  });

  describe('all keys', () => {
    const flushes = [
      ['FLUSHALL'],
      ['FLUSHDB'],
      ['FLUSHALL', 'ASYNC'],
      ['FLUSHDB', 'SYNC'],
      ['flushall', 'sync'],
    ];
    test.skipIf(onRedis('the memory is that of Redis')).each(flushes.map((args) => [args]))(
      '%j deletes all',
      async (args) => {
        const before = usedBytes();
        await storeEachType();
        expect(await client.send('DBSIZE')).toBe(3);
        expect(await client.send(...args)).toBe('OK');
        expect(await client.send('DBSIZE')).toBe(0);
        expect(usedBytes()).toBe(before);
      },
    );

    test.each([[['FLUSHALL', 'NOW']], [['FLUSHDB', 'ASYNC', 'SYNC']]])(
      '%j is a syntax error',
      async (args) => {
        await client.send('SET', 'k', 1);
        expect(await client.error(...args)).toBe('ERR syntax error');
        expect(await client.send('DBSIZE')).toBe(1);
      },
    );
  });
});
