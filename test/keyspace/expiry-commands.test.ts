import { beforeEach, describe, expect, test } from 'vitest';
import { engine, onRedis } from '../support/engine.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

/** Unix time in seconds, and the same in ms, in the year 2033. */
const FAR_S = 2_000_000_000;
const FAR_MS = FAR_S * 1000;
const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';
const NX_WITH_OTHERS = 'ERR NX and XX, GT or LT options at the same time are not compatible';
const GT_WITH_LT = 'ERR GT and LT options at the same time are not compatible';

describe('expiry commands', () => {
  const shared = useSharedNode();
  let client: RespClient;
  beforeEach(async () => {
    client = await shared.connect();
    await client.send('SET', 'k', 'v');
  });

  test.each([
    ['EXPIREAT', FAR_S],
    ['PEXPIREAT', FAR_MS],
  ])('%s sets a time that all four commands read', async (command, at) => {
    expect(await client.send(command, 'k', at)).toBe(1);
    expect(await client.send('EXPIRETIME', 'k')).toBe(FAR_S);
    expect(await client.send('PEXPIRETIME', 'k')).toBe(FAR_MS);
    const leftMs = FAR_MS - Date.now();
    const pttl = Number(await client.send('PTTL', 'k'));
    expect(leftMs - pttl).toBeGreaterThanOrEqual(0);
    expect(leftMs - pttl).toBeLessThan(60_000);
    expect(Math.abs(Number(await client.send('TTL', 'k')) - pttl / 1000)).toBeLessThan(60);
  });

  test.each([
    ['EXPIRE', 5000],
    ['PEXPIRE', 5_000_000],
  ])('%s counts from now', async (command, amount) => {
    const before = Date.now();
    expect(await client.send(command, 'k', amount)).toBe(1);
    const at = Number(await client.send('PEXPIRETIME', 'k'));
    expect(at).toBeGreaterThanOrEqual(before + 5_000_000);
    expect(at).toBeLessThanOrEqual(Date.now() + 5_000_000);
  });

  test.each([
    [FAR_MS - 1, FAR_S],
    [FAR_MS + 499, FAR_S],
    [FAR_MS + 500, FAR_S + 1],
    [FAR_MS - 501, FAR_S - 1],
  ])('EXPIRETIME of %d ms is rounded to %d s', async (ms, seconds) => {
    await client.send('PEXPIREAT', 'k', ms);
    expect(await client.send('EXPIRETIME', 'k')).toBe(seconds);
  });

  test('TTL is rounded to the nearest second', async () => {
    // Far enough from the half that a slow machine does not cross it.
    await client.send('PEXPIRE', 'k', 1_000_999);
    expect(await client.send('TTL', 'k')).toBe(1001);
    await client.send('PEXPIRE', 'k', 1_000_001);
    expect(await client.send('TTL', 'k')).toBe(1000);
  });

  test.each(['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME'])(
    '%s is -1 without expiry and -2 without key',
    async (command) => {
      expect(await client.send(command, 'k')).toBe(-1);
      expect(await client.send(command, 'none')).toBe(-2);
    },
  );

  test.skipIf(onRedis('the memory is that of Redis')).each([
    ['EXPIRE', 0],
    ['EXPIRE', -1],
    ['PEXPIRE', 0],
    ['PEXPIRE', -1000],
    ['EXPIREAT', 1],
    ['EXPIREAT', -5],
    ['PEXPIREAT', 1],
    ['EXPIRE', '-9007199254740'],
  ])('%s %s deletes at once', async (command, amount) => {
    await client.send('AI.TENSORSET', 't', 'FLOAT', 1000);
    const before = shared.node.context.keyspace.usedBytes;
    expect(await client.send(command, 't', amount)).toBe(1);
    expect(await client.send('EXISTS', 't')).toBe(0);
    expect(shared.node.context.keyspace.usedBytes).toBeLessThan(before - 4000);
  });

  test('a key is gone from every command once its time has come', async () => {
    await client.send('AI.TENSORSET', 't', 'FLOAT', 1);
    await client.send('PEXPIRE', 'k', 2);
    await client.send('PEXPIRE', 't', 2);
    const start = Date.now();
    while (Date.now() < start + 4) await new Promise((resolve) => setImmediate(resolve));
    expect(await client.send('GET', 'k')).toBe(null);
    expect(await client.error('AI.TENSORGET', 't')).toBe('ERR tensor key is empty or in a different shard');
    expect(await client.send('EXISTS', 'k', 't')).toBe(0);
    expect(await client.send('TYPE', 'k')).toBe('none');
    expect(await client.send('TTL', 'k')).toBe(-2);
    expect(await client.send('KEYS', '*')).toEqual([]);
    expect(await client.send('SCAN', 0)).toEqual(['0', []]);
    expect(await client.send('DEL', 'k', 't')).toBe(0);
    expect(await client.send('PERSIST', 'k')).toBe(0);
    expect(await client.send('SET', 'k', 'w', 'NX')).toBe('OK');
    expect(await client.send('DBSIZE')).toBe(1);
  });

  test('PERSIST takes the expiry back, once', async () => {
    await client.send('EXPIREAT', 'k', FAR_S);
    expect(await client.send('PERSIST', 'k')).toBe(1);
    expect(await client.send('TTL', 'k')).toBe(-1);
    expect(await client.send('PERSIST', 'k')).toBe(0);
    expect(await client.send('PERSIST', 'none')).toBe(0);
  });

  test('a new value drops the expiry, on tensors too', async () => {
    await client.send('AI.TENSORSET', 't', 'FLOAT', 1);
    for (const key of ['k', 't']) await client.send('EXPIREAT', key, FAR_S);
    await client.send('SET', 'k', 'w');
    await client.send('AI.TENSORSET', 't', 'FLOAT', 1);
    expect([await client.send('TTL', 'k'), await client.send('TTL', 't')]).toEqual([-1, -1]);
  });

  describe('conditions', () => {
    const later = FAR_S + 100;
    const earlier = FAR_S - 100;
    /** Present expiry (0: none), new one, options, reply. */
    const table: [number, number, string[], number][] = [
      [0, FAR_S, ['NX'], 1],
      [FAR_S, later, ['NX'], 0],
      [0, FAR_S, ['XX'], 0],
      [FAR_S, later, ['XX'], 1],
      [FAR_S, later, ['GT'], 1],
      [FAR_S, FAR_S, ['GT'], 0],
      [FAR_S, earlier, ['GT'], 0],
      [0, later, ['GT'], 0],
      [FAR_S, later, ['LT'], 0],
      [FAR_S, FAR_S, ['LT'], 0],
      [FAR_S, earlier, ['LT'], 1],
      [0, earlier, ['LT'], 1],
      [0, earlier, ['XX', 'LT'], 0],
      [FAR_S, later, ['xx', 'gt'], 1],
      [FAR_S, later, ['XX', 'XX'], 1],
    ];
    test.each(table)('with expiry %d, %d %j answers %d', async (present, at, options, reply) => {
      if (present > 0) await client.send('EXPIREAT', 'k', present);
      expect(await client.send('EXPIREAT', 'k', at, ...options)).toBe(reply);
      const now = reply === 1 ? at : present > 0 ? present : -1;
      expect(await client.send('EXPIRETIME', 'k')).toBe(now);
    });

    test('a past time under a condition that holds deletes, under one that fails does not', async () => {
      expect(await client.send('PEXPIREAT', 'k', 1, 'GT')).toBe(0);
      expect(await client.send('EXISTS', 'k')).toBe(1);
      expect(await client.send('PEXPIREAT', 'k', 1, 'LT')).toBe(1);
      expect(await client.send('EXISTS', 'k')).toBe(0);
    });
  });

  describe.each(['EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT'])('%s', (command) => {
    const invalid = `ERR invalid expire time in '${command.toLowerCase()}' command`;
    test.each([
      [['10', 'NX', 'XX'], NX_WITH_OTHERS],
      [['10', 'NX', 'GT'], NX_WITH_OTHERS],
      [['10', 'LT', 'NX'], NX_WITH_OTHERS],
      [['10', 'NX', 'GT', 'LT'], NX_WITH_OTHERS],
      [['10', 'GT', 'LT'], GT_WITH_LT],
      [['10', 'SOON'], 'ERR Unsupported option SOON'],
      [['x', 'SOON'], 'ERR Unsupported option SOON'],
      [['x'], NOT_AN_INTEGER],
      [['1.5'], NOT_AN_INTEGER],
      [['+1'], NOT_AN_INTEGER],
      [['01'], NOT_AN_INTEGER],
      [[''], NOT_AN_INTEGER],
      [['9223372036854775808'], NOT_AN_INTEGER],
      [['9223372036854775807'], invalid],
    ])('%j is refused', async (args, message) => {
      // It counts beyond 2^53 ms.
      if (engine === 'redis' && command === 'PEXPIREAT' && message === invalid) return;
      expect(await client.error(command, 'k', ...args)).toBe(message);
      expect(await client.error(command, 'none', ...args)).toBe(message);
      expect(await client.send('TTL', 'k')).toBe(-1);
    });

    test('of no key is 0', async () => {
      expect(await client.send(command, 'none', FAR_S)).toBe(0);
    });
  });
});
