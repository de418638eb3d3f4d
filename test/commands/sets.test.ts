import { beforeEach, describe, expect, test } from 'vitest';
import { onRedis } from '../support/engine.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { ALL_BYTES, WRONG_TYPE } from '../support/wrong-type.ts';

const shared = useSharedNode();
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
});

const members = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`);

const listed = async (key: string) => ((await client.send('SMEMBERS', key)) as string[]).sort();

test.each([
  ['SADD', 'k', 'm'],
  ['SREM', 'k', 'm'],
  ['SMEMBERS', 'k'],
  ['SISMEMBER', 'k', 'm'],
  ['SMISMEMBER', 'k', 'm'],
  ['SCARD', 'k'],
  ['SPOP', 'k'],
  ['SPOP', 'k', '1'],
  ['SRANDMEMBER', 'k'],
  ['SRANDMEMBER', 'k', '1'],
  ['SMOVE', 'k', 'set', 'm'],
  ['SMOVE', 'set', 'k', 'm'],
  ['SUNION', 'none', 'k'],
  ['SINTER', 'none', 'k'],
  ['SDIFF', 'none', 'k'],
  ['SUNIONSTORE', 'set', 'set', 'k'],
  ['SINTERSTORE', 'set', 'none', 'k'],
  ['SDIFFSTORE', 'set', 'none', 'k'],
  ['SINTERCARD', '2', 'none', 'k'],
  ['SSCAN', 'k', '0'],
])('%s with a string among its keys %j is refused and changes nothing', async (...command) => {
  await client.send('SET', 'k', 'text');
  await client.send('SADD', 'set', 'm');
  expect(await client.error(...command)).toBe(WRONG_TYPE);
  expect(await client.send('GET', 'k')).toBe('text');
  expect(await client.send('SMEMBERS', 'set')).toEqual(['m']);
});

test('members are bytes', async () => {
  expect(await client.send('SADD', 'k', ALL_BYTES, ALL_BYTES)).toBe(1);
  expect(await client.send('SMEMBERS', 'k')).toEqual([ALL_BYTES]);
  expect(await client.send('SMISMEMBER', 'k', ALL_BYTES, 'x')).toEqual([1, 0]);
  expect(await client.send('SRANDMEMBER', 'k')).toEqual(ALL_BYTES);
  expect(await client.send('SSCAN', 'k', 0)).toEqual(['0', [ALL_BYTES]]);
  expect(await client.send('SUNION', 'k', 'none')).toEqual([ALL_BYTES]);
  expect(await client.send('SPOP', 'k')).toEqual(ALL_BYTES);
  expect(await client.send('EXISTS', 'k')).toBe(0);
});

test('few integers are listed in ascending order', async () => {
  await client.send('SADD', 'k', '10', '-9223372036854775808', '9', '-1', '9223372036854775807', '0', '-10');
  const ascending = ['-9223372036854775808', '-10', '-1', '0', '9', '10', '9223372036854775807'];
  expect(await client.send('SMEMBERS', 'k')).toEqual(ascending);
  expect(await client.send('SUNION', 'k', 'none')).toEqual(ascending);
});

test('in RESP3 sets are sets, and random members an array', async () => {
  const typed = await shared.connectTyped();
  await typed.send('HELLO', 3);
  await typed.send('SADD', 'k', 'm');
  for (const command of ['SMEMBERS', 'SUNION', 'SINTER', 'SDIFF']) {
    expect(await typed.send(command, 'k')).toEqual({ set: ['$m'] });
  }
  expect(await typed.send('SRANDMEMBER', 'k', 1)).toEqual(['$m']);
  expect(await typed.send('SPOP', 'k', 1)).toEqual({ set: ['$m'] });
  expect(await typed.send('SPOP', 'k', 1)).toEqual({ set: [] });
  expect(await typed.send('SPOP', 'k')).toBe('_');
  expect(await typed.send('SRANDMEMBER', 'k')).toBe('_');
});

describe('union, intersection and difference', () => {
  beforeEach(async () => {
    await client.send('SADD', 'a', '1', '2', '3', '4', 'x');
    await client.send('SADD', 'b', '3', '4', '5', 'x', 'y');
    await client.send('SADD', 'c', '4', 'x');
  });

  test.each([
    ['UNION', ['a', 'b', 'c'], ['1', '2', '3', '4', '5', 'x', 'y']],
    ['UNION', ['none', 'c'], ['4', 'x']],
    ['INTER', ['a', 'b', 'c'], ['4', 'x']],
    ['INTER', ['a', 'none'], []],
    ['INTER', ['a', 'a'], ['1', '2', '3', '4', 'x']],
    ['DIFF', ['a', 'b'], ['1', '2']],
    ['DIFF', ['a', 'none'], ['1', '2', '3', '4', 'x']],
    ['DIFF', ['a', 'a'], []],
    ['DIFF', ['none', 'a'], []],
  ])('S%s of %j is %j, answered and stored', async (operation, keys, expected) => {
    expect(((await client.send(`S${operation}`, ...keys)) as string[]).sort()).toEqual(expected);
    await client.send('SET', 'stored', 'text', 'EXAT', 2_000_000_000);
    expect(await client.send(`S${operation}STORE`, 'stored', ...keys)).toBe(expected.length);
    expect(await listed('stored')).toEqual(expected);
    expect(await client.send('TTL', 'stored')).toBe(expected.length === 0 ? -2 : -1);
  });

  test('a source may be the destination', async () => {
    expect(await client.send('SDIFFSTORE', 'a', 'a', 'b')).toBe(2);
    expect(await listed('a')).toEqual(['1', '2']);
    expect(await client.send('SINTERSTORE', 'b', 'b', 'none')).toBe(0);
    expect(await client.send('EXISTS', 'b')).toBe(0);
  });

  test('SINTERCARD counts up to its limit and refuses what does not fit', async () => {
    expect(await client.send('SINTERCARD', 2, 'a', 'b')).toBe(3);
    expect(await client.send('SINTERCARD', 2, 'a', 'b', 'LIMIT', 2)).toBe(2);
    expect(await client.send('SINTERCARD', 2, 'a', 'b', 'LIMIT', 0)).toBe(3);
    expect(await client.error('SINTERCARD', 0, 'a')).toBe('ERR numkeys should be greater than 0');
    expect(await client.error('SINTERCARD', 'x', 'a')).toBe('ERR numkeys should be greater than 0');
    expect(await client.error('SINTERCARD', 2, 'a')).toBe(
      "ERR Number of keys can't be greater than number of args",
    );
    expect(await client.error('SINTERCARD', 1, 'a', 'LIMIT', -1)).toBe("ERR LIMIT can't be negative");
    expect(await client.error('SINTERCARD', 1, 'a', 'FOO')).toBe('ERR syntax error');
    expect(await client.send('COMMAND', 'GETKEYS', 'SINTERCARD', 2, 'a', 'b', 'LIMIT', 1)).toEqual([
      'a',
      'b',
    ]);
  });
});

test('SMOVE moves, deletes an emptied source, and stays away from a member that is not there', async () => {
  await client.send('SADD', 'a', 'm');
  expect(await client.send('SMOVE', 'a', 'b', 'none')).toBe(0);
  expect(await client.send('EXISTS', 'b')).toBe(0);
  expect(await client.send('SMOVE', 'a', 'a', 'm')).toBe(1);
  expect(await client.send('SMOVE', 'a', 'b', 'm')).toBe(1);
  expect(await client.send('EXISTS', 'a')).toBe(0);
  expect(await client.send('SMEMBERS', 'b')).toEqual(['m']);
});

test('SPOP takes each member once, and the key with the last', async () => {
  const all = members(1000);
  await client.send('SADD', 'k', ...all);
  const popped = [await client.send('SPOP', 'k')];
  popped.push(...((await client.send('SPOP', 'k', 700)) as string[]));
  popped.push(...((await client.send('SPOP', 'k', '9223372036854775807')) as string[]));
  expect(popped.sort()).toEqual(all.sort());
  expect(await client.send('EXISTS', 'k')).toBe(0);
  expect(await client.error('SPOP', 'k', -1)).toBe('ERR value is out of range, must be positive');
  expect(await client.error('SPOP', 'k', 'x')).toBe('ERR value is out of range, must be positive');
});

test('SRANDMEMBER gives different members for a count, repeats for a negative one, and leaves the set', async () => {
  await client.send('SADD', 'k', ...members(100));
  const some = (await client.send('SRANDMEMBER', 'k', 60)) as string[];
  expect([some.length, new Set(some).size]).toEqual([60, 60]);
  const many = (await client.send('SRANDMEMBER', 'k', -5000)) as string[];
  expect([many.length, new Set(many).size]).toEqual([5000, 100]);
  expect(await client.send('SCARD', 'k')).toBe(100);
  expect(await client.send('SRANDMEMBER', 'none', 5)).toEqual([]);
});

test('SSCAN returns each member that is there all the while, however others come and go', async () => {
  const all = members(1000);
  await client.send('SADD', 'k', ...all);
  const stay = all.filter((_, i) => i % 2 === 0);
  const go = all.filter((_, i) => i % 2 !== 0);
  const seen = new Set<string>();
  let cursor = '0';
  let calls = 0;
  do {
    const [next, page] = (await client.send('SSCAN', 'k', cursor, 'COUNT', 10)) as [string, string[]];
    for (const member of page) seen.add(member);
    cursor = next;
    const going = [...go.splice(0, 10), ...go.splice(-10), ...go.splice(go.length >> 1, 10)];
    if (going.length > 0) await client.send('SREM', 'k', ...going);
    await client.send('SADD', 'k', ...Array.from({ length: 5 }, (_, i) => `n${calls}-${i}`));
    calls++;
  } while (cursor !== '0');
  expect(calls).toBeLessThan(120);
  expect(stay.filter((member) => !seen.has(member))).toEqual([]);
});

test.skipIf(onRedis('the memory is that of Redis'))('memory comes back member by member', async () => {
  const { keyspace } = shared.node.context;
  const start = keyspace.usedBytes;
  await client.send('SADD', 'a', ...members(600));
  await client.send('SUNIONSTORE', 'b', 'a');
  await client.send('COPY', 'a', 'c');
  await client.send('SMOVE', 'a', 'd', 'm0');
  expect(keyspace.usedBytes).toBeGreaterThan(start + 3 * 600 * 3);
  await client.send('SPOP', 'b', 600);
  await client.send('SREM', 'a', ...members(600));
  await client.send('SINTERSTORE', 'c', 'c', 'none');
  await client.send('DEL', 'd');
  expect(keyspace.usedBytes).toBe(start);
});
