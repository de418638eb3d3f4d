import { describe, expect, test } from 'vitest';
import { SetValue } from '../../src/keyspace/values/set-value.ts';
import { onRedis } from '../support/engine.ts';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

const WRONGTYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';
const shared = useSharedNode();

async function withMembers(...scoresAndMembers: (string | number)[]): Promise<RespClient> {
  const client = await shared.connect();
  await client.send('ZADD', 'z', ...scoresAndMembers);
  return client;
}

describe('ZADD', () => {
  test('counts new members, with CH changed ones too', async () => {
    const client = await withMembers(1, 'a');
    expect(await client.send('ZADD', 'z', 2, 'a', 3, 'b', 3, 'b')).toBe(1);
    expect(await client.send('ZADD', 'z', 'CH', 5, 'a', 3, 'b', 4, 'c')).toBe(2);
    expect(await client.send('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(['b', '3', 'c', '4', 'a', '5']);
  });

  test('NX, XX, GT and LT decide which scores are set', async () => {
    const client = await withMembers(5, 'a');
    expect(await client.send('ZADD', 'z', 'NX', 9, 'a', 1, 'b')).toBe(1);
    expect(await client.send('ZADD', 'z', 'XX', 'CH', 6, 'a', 1, 'c')).toBe(1);
    expect(await client.send('ZADD', 'z', 'GT', 'CH', 5, 'a', 2, 'b', 3, 'd')).toBe(2);
    expect(await client.send('ZADD', 'z', 'LT', 'CH', 5, 'a', 3, 'b')).toBe(1);
    expect(await client.send('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(['b', '2', 'd', '3', 'a', '5']);
    expect(await client.send('ZADD', 'none', 'XX', 1, 'a')).toBe(0);
    expect(await client.send('EXISTS', 'none')).toBe(0);
  });

  test('INCR answers the new score, null where an option kept the old one', async () => {
    const client = await withMembers(5, 'a');
    expect(await client.send('ZADD', 'z', 'INCR', 0.1, 'a')).toBe('5.0999999999999996');
    expect(await client.send('ZADD', 'z', 'INCR', 'LT', 1, 'a')).toBe(null);
    expect(await client.send('ZADD', 'z', 'INCR', 'XX', 1, 'none')).toBe(null);
    expect(await client.send('ZINCRBY', 'z', '-1e1', 'b')).toBe('-10');
  });

  test('a bad score or option changes nothing', async () => {
    const client = await withMembers(1, 'a');
    const errors: [string, string][] = [
      ['ZADD z 2 a x b', 'ERR value is not a valid float'],
      ['ZADD z 1e400 a', 'ERR value is not a valid float'],
      ['ZADD z nan a', 'ERR value is not a valid float'],
      ['ZADD z 1 a 2', 'ERR syntax error'],
      ['ZADD z NX XX 1 a', 'ERR XX and NX options at the same time are not compatible'],
      ['ZADD z GT LT 1 a', 'ERR GT, LT, and/or NX options at the same time are not compatible'],
      ['ZADD z INCR 1 a 2 b', 'ERR INCR option supports a single increment-element pair'],
    ];
    for (const [command, error] of errors) expect(await client.error(...command.split(' '))).toBe(error);
    expect(await client.send('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(['a', '1']);
  });

  test('infinities are scores, their difference is none', async () => {
    const client = await withMembers('+inf', 'top', '-INF', 'low', '0x10', 'hex', -0, 'zero');
    expect(await client.send('ZMSCORE', 'z', 'top', 'low', 'hex', 'zero', 'none')).toEqual([
      'inf',
      '-inf',
      '16',
      '0',
      null,
    ]);
    expect(await client.error('ZINCRBY', 'z', '-inf', 'top')).toBe(
      'ERR resulting score is not a number (NaN)',
    );
    expect(await client.send('ZSCORE', 'z', 'top')).toBe('inf');
  });
});

describe('order', () => {
  test('members with the same score come in the order of their bytes', async () => {
    const client = await withMembers(1, 'b', 1, 'B', 1, '', 0, 'z', 1, 'ba');
    const high = Buffer.from([0xff, 0]);
    await client.send('ZADD', 'z', 1, high);
    expect(await client.send('ZRANGE', 'z', 0, -1)).toEqual(['z', '', 'B', 'b', 'ba', high]);
    expect(await client.send('ZRANK', 'z', high)).toBe(5);
    expect(await client.send('ZREVRANK', 'z', high)).toBe(0);
    expect(await client.send('ZREVRANGE', 'z', 0, 1)).toEqual([high, 'ba']);
    expect(await client.send('ZRANK', 'z', 'none')).toBe(null);
  });

  test('ranges by score take exclusive and infinite bounds, limits and the reverse', async () => {
    const client = await withMembers(1, 'a', 2, 'b', 2, 'c', 3, 'd', 'inf', 'e');
    expect(await client.send('ZRANGEBYSCORE', 'z', '(1', 3)).toEqual(['b', 'c', 'd']);
    expect(await client.send('ZRANGEBYSCORE', 'z', '-inf', '(inf', 'LIMIT', 1, 2)).toEqual(['b', 'c']);
    expect(await client.send('ZREVRANGEBYSCORE', 'z', '+inf', '(2', 'WITHSCORES')).toEqual([
      'e',
      'inf',
      'd',
      '3',
    ]);
    expect(await client.send('ZRANGE', 'z', 3, 1, 'BYSCORE', 'REV', 'LIMIT', 1, -1)).toEqual(['c', 'b', 'a']);
    expect(await client.send('ZRANGE', 'z', 1, 3, 'BYSCORE', 'LIMIT', -1, 2)).toEqual([]);
    expect(await client.send('ZCOUNT', 'z', 2, '(inf')).toBe(3);
    expect(await client.error('ZCOUNT', 'z', 'x', 1)).toBe('ERR min or max is not a float');
  });

  test('ranges by member', async () => {
    const client = await withMembers(0, 'a', 0, 'b', 0, 'c', 0, 'd');
    expect(await client.send('ZRANGEBYLEX', 'z', '-', '(c')).toEqual(['a', 'b']);
    expect(await client.send('ZRANGEBYLEX', 'z', '[b', '+', 'LIMIT', 1, 1)).toEqual(['c']);
    expect(await client.send('ZREVRANGEBYLEX', 'z', '+', '(b')).toEqual(['d', 'c']);
    expect(await client.send('ZRANGE', 'z', '[c', '-', 'BYLEX', 'REV')).toEqual(['c', 'b', 'a']);
    expect(await client.send('ZLEXCOUNT', 'z', '(a', '[c')).toBe(2);
    expect(await client.send('ZREMRANGEBYLEX', 'z', '[b', '[c')).toBe(2);
    expect(await client.error('ZLEXCOUNT', 'z', 'a', '+')).toBe('ERR min or max not valid string range item');
  });

  test('options that do not go together are refused', async () => {
    const client = await withMembers(0, 'a');
    expect(await client.error('ZRANGE', 'z', 0, 1, 'LIMIT', 0, 1)).toBe(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    );
    expect(await client.error('ZRANGE', 'z', '-', '+', 'BYLEX', 'WITHSCORES')).toBe(
      'ERR syntax error, WITHSCORES not supported in combination with BYLEX',
    );
    expect(await client.error('ZRANGESTORE', 'd', 'z', 0, 1, 'WITHSCORES')).toBe('ERR syntax error');
  });

  test('a hundred thousand members have their ranks after scores have changed and members have gone', async () => {
    const client = await shared.connect();
    const count = 100_000;
    for (let from = 0; from < count; from += 500) {
      const batch = Array.from({ length: 500 }, (_, i) => [
        ((from + i) * 7919) % count,
        `m${from + i}`,
      ]).flat();
      await client.send('ZADD', 'z', ...batch);
    }
    // The member whose score is s: 7919 is invertible modulo the count.
    const at = new Map(Array.from({ length: count }, (_, i) => [(i * 7919) % count, `m${i}`]));
    expect(await client.send('ZRANK', 'z', at.get(77_777) as string)).toBe(77_777);
    expect(await client.send('ZRANGE', 'z', 50_000, 50_001)).toEqual([at.get(50_000), at.get(50_001)]);
    expect(await client.send('ZREMRANGEBYRANK', 'z', 10_000, 19_999)).toBe(10_000);
    expect(await client.send('ZADD', 'z', 'CH', -1, at.get(99_999) as string)).toBe(1);
    expect(await client.send('ZRANK', 'z', at.get(77_777) as string)).toBe(67_778);
    expect(await client.send('ZREMRANGEBYSCORE', 'z', '(0', 80_000)).toBe(70_000);
    expect(await client.send('ZCARD', 'z')).toBe(20_000);
    expect(await client.send('ZRANGE', 'z', 0, 2, 'WITHSCORES')).toEqual([
      at.get(99_999),
      '-1',
      at.get(0),
      '0',
      at.get(80_001),
      '80001',
    ]);
  });
});

describe('taking', () => {
  test('ZPOPMIN, ZPOPMAX and ZMPOP take from an end', async () => {
    const client = await withMembers(1, 'a', 2, 'b', 3, 'c', 4, 'd', 5, 'e');
    expect(await client.send('ZPOPMIN', 'z')).toEqual(['a', '1']);
    expect(await client.send('ZPOPMAX', 'z', 2)).toEqual(['e', '5', 'd', '4']);
    expect(await client.send('ZMPOP', 2, 'none', 'z', 'MAX', 'COUNT', 9)).toEqual([
      'z',
      [
        ['c', '3'],
        ['b', '2'],
      ],
    ]);
    expect(await client.send('EXISTS', 'z')).toBe(0);
    expect(await client.send('ZPOPMIN', 'z')).toEqual([]);
    expect(await client.send('ZMPOP', 1, 'z', 'MIN')).toBe(null);
  });

  test('ZRANDMEMBER gives different members, or with a negative count any', async () => {
    const client = await withMembers(1, 'a', 2, 'b', 3, 'c');
    expect(await client.send('ZRANDMEMBER', 'none')).toBe(null);
    expect(['a', 'b', 'c']).toContain(await client.send('ZRANDMEMBER', 'z'));
    expect([...((await client.send('ZRANDMEMBER', 'z', 9)) as string[])].sort()).toEqual(['a', 'b', 'c']);
    expect(new Set((await client.send('ZRANDMEMBER', 'z', 2)) as string[]).size).toBe(2);
    const many = (await client.send('ZRANDMEMBER', 'z', -300, 'WITHSCORES')) as string[];
    expect(many.length).toBe(600);
    // Each is missed with a chance of (2/3)^300.
    expect(new Set(many)).toEqual(new Set(['a', '1', 'b', '2', 'c', '3']));
  });

  test.skipIf(onRedis('Redis takes the time and the memory that it needs'))(
    'ZRANDMEMBER refuses a reply too large to be meant',
    async () => {
      const client = await shared.connect();
      await client.send('ZADD', 'z', 1, 'a');
      expect(await client.error('ZRANDMEMBER', 'z', '-9223372036854775807')).toBe(
        'ERR value is out of range',
      );
    },
  );
});

describe('several sorted sets', () => {
  test('union, intersection and difference, with weights and aggregates', async () => {
    const client = await withMembers(1, 'a', 2, 'b');
    await client.send('ZADD', 'y', 10, 'b', 20, 'c');
    expect(await client.send('ZUNION', 2, 'z', 'y', 'WITHSCORES')).toEqual(['a', '1', 'b', '12', 'c', '20']);
    expect(await client.send('ZINTER', 2, 'z', 'y', 'WEIGHTS', 2, -1, 'WITHSCORES')).toEqual(['b', '-6']);
    expect(await client.send('ZUNION', 2, 'z', 'y', 'AGGREGATE', 'MIN', 'WITHSCORES')).toEqual([
      'a',
      '1',
      'b',
      '2',
      'c',
      '20',
    ]);
    expect(await client.send('ZDIFF', 2, 'z', 'y', 'WITHSCORES')).toEqual(['a', '1']);
    expect(await client.send('ZINTERCARD', 2, 'z', 'z', 'LIMIT', 1)).toBe(1);
    expect(await client.send('ZUNIONSTORE', 'd', 3, 'z', 'y', 'none')).toBe(3);
    expect(await client.send('ZINTERSTORE', 'z', 2, 'z', 'y')).toBe(1);
    expect(await client.send('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(['b', '12']);
    expect(await client.send('ZDIFFSTORE', 'd', 1, 'none')).toBe(0);
    expect(await client.send('EXISTS', 'd')).toBe(0);
    expect(await client.error('ZUNION', 0, 'z')).toBe(
      "ERR at least 1 input key is needed for 'zunion' command",
    );
    expect(await client.error('ZUNION', 1, 'z', 'WEIGHTS', 'x')).toBe('ERR weight value is not a float');
  });

  test.skipIf(onRedis('it looks into the keyspace of the node'))(
    'a set counts as members with the score 1',
    async () => {
      const client = await withMembers(5, 'a', 6, 'b');
      const set = new SetValue();
      for (const member of ['b', 'c']) set.add(member);
      shared.node.context.keyspace.set('s', { type: 'set', set });
      expect(await client.send('ZUNION', 2, 'z', 's', 'WEIGHTS', 1, 2, 'WITHSCORES')).toEqual([
        'c',
        '2',
        'a',
        '5',
        'b',
        '8',
      ]);
      expect(await client.send('ZINTER', 2, 's', 'z', 'WITHSCORES')).toEqual(['b', '7']);
      expect(await client.send('ZDIFF', 2, 's', 'z')).toEqual(['c']);
    },
  );

  test('infinities that cancel out make 0', async () => {
    const client = await withMembers('inf', 'a');
    await client.send('ZADD', 'y', '-inf', 'a');
    expect(await client.send('ZUNION', 2, 'z', 'y', 'WITHSCORES')).toEqual(['a', '0']);
    expect(await client.send('ZUNION', 1, 'z', 'WEIGHTS', 0, 'WITHSCORES')).toEqual(['a', '0']);
  });

  test('ZRANGESTORE stores what ZRANGE gives, over any value', async () => {
    const client = await withMembers(1, 'a', 2, 'b', 3, 'c');
    await client.send('SET', 'd', 'x');
    expect(await client.send('ZRANGESTORE', 'd', 'z', '(1', '+inf', 'BYSCORE')).toBe(2);
    expect(await client.send('ZRANGE', 'd', 0, -1, 'WITHSCORES')).toEqual(['b', '2', 'c', '3']);
    expect(await client.send('ZRANGESTORE', 'd', 'z', 5, 6)).toBe(0);
    expect(await client.send('EXISTS', 'd')).toBe(0);
  });
});

describe('ZSCAN', () => {
  test('answers a small set whole, filtered by a pattern', async () => {
    const client = await withMembers(1, 'a1', 1.5, 'a2', 2, 'b');
    expect(await client.send('ZSCAN', 'z', 0, 'COUNT', 1, 'MATCH', 'a*')).toEqual([
      '0',
      ['a1', '1', 'a2', '1.5'],
    ]);
    expect(await client.send('ZSCAN', 'none', 0)).toEqual(['0', []]);
  });

  test('misses no member that stays, whatever comes, goes and moves meanwhile', async () => {
    const client = await shared.connect();
    const members = Array.from({ length: 3000 }, (_, i) => `m${i}`);
    await client.send('ZADD', 'z', ...members.flatMap((member, i) => [i, member]));
    // Those that go or move lie all over the scan; 7919 and 3000 have no divisor in common.
    const touched = members.map((_, i) => members[(i * 7919) % 3000] as string);
    const gone = touched.filter((_, i) => i % 3 === 0);
    const moved = touched.filter((_, i) => i % 3 === 1);
    const seen = await scan(client, async (turn) => {
      const some = [turn * 20, (turn + 1) * 20] as const;
      if (some[0] >= gone.length) return;
      await client.send('ZREM', 'z', ...gone.slice(...some));
      await client.send('ZADD', 'z', ...moved.slice(...some).flatMap((member) => [-turn, member]));
      await client.send('ZADD', 'z', turn, `new${turn}`);
    });
    const left = new Set(gone);
    expect(members.filter((member) => !left.has(member) && !seen.has(member))).toEqual([]);
    const whole = (await client.send('ZRANGE', 'z', 0, -1)) as string[];
    expect([...(await scan(client, async () => {}))].sort()).toEqual(whole.toSorted());
  });
});

/** All members that a whole scan shows, with something done after each page. */
async function scan(client: RespClient, between: (turn: number) => Promise<void>): Promise<Set<string>> {
  const seen = new Set<string>();
  let cursor = '0';
  let turn = 0;
  do {
    const [next, page] = (await client.send('ZSCAN', 'z', cursor, 'COUNT', 50)) as [string, string[]];
    for (let i = 0; i < page.length; i += 2) seen.add(page[i] as string);
    cursor = next;
    await between(turn++);
  } while (cursor !== '0');
  return seen;
}

test('scores are doubles in RESP3, and members with scores are pairs where RESP2 has a flat array', async () => {
  const client = await shared.connectTyped();
  await client.send('HELLO', 3);
  await client.send('ZADD', 'z', 0.1, 'a', 'inf', 'b');
  const pairs = [
    ['$a', ',0.10000000000000001'],
    ['$b', ',inf'],
  ];
  expect(await client.send('ZSCORE', 'z', 'a')).toBe(',0.10000000000000001');
  expect(await client.send('ZMSCORE', 'z', 'b', 'c')).toEqual([',inf', '_']);
  expect(await client.send('ZINCRBY', 'z', 1, 'b')).toBe(',inf');
  expect(await client.send('ZADD', 'z', 'INCR', 'XX', 1, 'c')).toBe('_');
  expect(await client.send('ZRANGE', 'z', 0, -1, 'WITHSCORES')).toEqual(pairs);
  expect(await client.send('ZREVRANGEBYSCORE', 'z', '+inf', 1, 'WITHSCORES')).toEqual([pairs[1]]);
  expect(await client.send('ZUNION', 1, 'z', 'WITHSCORES')).toEqual(pairs);
  expect(await client.send('ZRANDMEMBER', 'z', -1, 'WITHSCORES')).toHaveLength(1);
  expect(await client.send('ZSCAN', 'z', 0)).toEqual(['$0', ['$a', '$0.10000000000000001', '$b', '$inf']]);
  expect(await client.send('ZRANK', 'z', 'none')).toBe('_');
  expect(await client.send('ZMPOP', 1, 'none', 'MIN')).toBe('_');
  expect(await client.send('ZPOPMAX', 'z')).toEqual(pairs[1]);
  expect(await client.send('ZPOPMIN', 'z', 5)).toEqual([pairs[0]]);
});

test('every sorted set command refuses a key of another type', async () => {
  const client = await shared.connectTyped();
  await client.send('SET', 's', 'x');
  const commands = [
    'ZADD s 1 a',
    'ZINCRBY s 1 a',
    'ZREM s a',
    'ZCARD s',
    'ZSCORE s a',
    'ZMSCORE s a',
    'ZRANK s a',
    'ZREVRANK s a',
    'ZRANGE s 0 1',
    'ZRANGE s 0 1 BYSCORE',
    'ZRANGESTORE d s 0 1',
    'ZREVRANGE s 0 1',
    'ZRANGEBYSCORE s 0 1',
    'ZREVRANGEBYSCORE s 0 1',
    'ZRANGEBYLEX s - +',
    'ZREVRANGEBYLEX s - +',
    'ZCOUNT s 0 1',
    'ZLEXCOUNT s - +',
    'ZREMRANGEBYRANK s 0 1',
    'ZREMRANGEBYSCORE s 0 1',
    'ZREMRANGEBYLEX s - +',
    'ZPOPMIN s',
    'ZPOPMAX s 2',
    'ZMPOP 1 s MIN',
    'BZPOPMIN s 0',
    'BZPOPMAX s 0',
    'BZMPOP 0 1 s MIN',
    'ZUNION 1 s',
    'ZINTER 2 none s',
    'ZDIFF 1 s',
    'ZUNIONSTORE d 1 s',
    'ZINTERSTORE d 1 s',
    'ZDIFFSTORE d 1 s',
    'ZINTERCARD 1 s',
    'ZRANDMEMBER s',
    'ZSCAN s 0',
  ];
  for (const command of commands)
    expect([command, await client.send(...command.split(' '))]).toEqual([command, WRONGTYPE]);
  expect(await client.send('GET', 's')).toBe('$x');
});

test.skipIf(onRedis('the memory is that of Redis'))(
  'a sorted set whose members come and go gives all memory back',
  async () => {
    const client = await shared.connect();
    const { keyspace } = shared.node.context;
    const start = keyspace.usedBytes;
    await client.send('ZADD', 'z', ...Array.from({ length: 2000 }, (_, i) => [i, `member-${i}`]).flat());
    const filled = keyspace.usedBytes;
    expect(filled).toBeGreaterThan(start + 2000 * 100);
    await client.send('ZADD', 'z', 'XX', -5, 'member-7', 9, 'member-8');
    expect(keyspace.usedBytes).toBe(filled);
    await client.send('ZUNIONSTORE', 'y', 1, 'z', 'WEIGHTS', 2);
    await client.send('ZREMRANGEBYRANK', 'z', 100, 200);
    await client.send('ZREMRANGEBYSCORE', 'z', 0, 50);
    await client.send('ZREM', 'z', 'member-1000', 'none');
    const changed = keyspace.usedBytes;
    const members = (await client.send('ZRANGE', 'z', 0, -1)) as string[];
    await client.send('DEL', 'z');
    await client.send('ZADD', 'z', ...members.flatMap((member, i) => [i, member]));
    // What went through changes was counted like what is made at once.
    expect(keyspace.usedBytes).toBe(changed);
    await client.send('COPY', 'z', 'x');
    await client.send('ZPOPMIN', 'z', 100_000);
    await client.send('ZMPOP', 1, 'y', 'MAX', 'COUNT', 100_000);
    await client.send('ZDIFFSTORE', 'x', 2, 'x', 'x');
    expect(await client.send('DBSIZE')).toBe(0);
    expect(keyspace.usedBytes).toBe(start);
  },
);
