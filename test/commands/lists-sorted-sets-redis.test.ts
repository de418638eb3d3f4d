import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import {
  type Comparison,
  Differential,
  type Kinds,
  Random,
  randomDifferences,
  type Words,
} from '../support/differential.ts';
import { startNode } from '../support/node.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { type Typed, TypedClient } from '../support/typed-client.ts';

if (noRedis !== undefined)
  process.stdout.write(`lists and sorted sets are not compared with Redis: ${noRedis}\n`);

const often =
  (common: readonly string[], rare: readonly string[]) =>
  (random: Random): string =>
    random.pick(random.below(10) === 0 ? rare : common);

const KINDS: Kinds = {
  key: (random) => random.pick(['k1', 'k2', 'k3', '{k}\x00\xff', 'text']),
  element: (random) => random.pick(['a', 'b', 'c', 'd', '', '\xff\x00', '12', '-7', 'x'.repeat(70)]),
  index: often(
    ['0', '1', '-1', '2', '-2', '5', '100', '-100'],
    ['x', '', '9223372036854775807', '-9223372036854775808', '9223372036854775808'],
  ),
  count: often(['0', '1', '2', '3', '10', '-1', '-2'], ['x', '']),
  keys: (random) => random.pick(['1', '1', '1', '2', '3', '0', 'x']),
  end: often(['LEFT', 'RIGHT', 'left'], ['FOO']),
  where: often(['BEFORE', 'after'], ['x']),
  zkey: (random) => random.pick(['z1', 'z2', 'z3', 'text']),
  member: (random) => random.pick(['a', 'b', 'c', 'd', 'e', 'f', '', '\xff\x00', '12']),
  score: often(
    ['0', '1', '2', '3', '-1', '1.5', '0.1', '1e20', '3.0e-5', 'inf', '-inf'],
    ['-0', '0x10', 'nan', 'x', '1e400', ' 1'],
  ),
  condition: (random) => random.pick(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR', 'xx', 'ch']),
  bound: often(['0', '1', '(1', '-inf', '+inf', '(2', '3', '(0.1'], ['x', '', '( 1', '(inf', ' 2', 'nan']),
  lex: often(['-', '+', '[a', '(b', '[d', '[\xff'], ['(', '[', 'x', '']),
  weight: often(['1', '2', '-1', '0', '0.5', 'inf'], ['x']),
  aggregate: often(['SUM', 'min', 'MAX'], ['x']),
  extreme: often(['MIN', 'MAX', 'min'], ['x']),
};

const LISTS = [
  ...[
    'LPUSH key element+',
    'RPUSH key element+',
    'RPUSH key element+',
    'LPUSHX key element+',
    'RPUSHX key element',
  ],
  ...[
    'LPOP key count?',
    'RPOP key count?',
    'LLEN key',
    'LRANGE key index index',
    'LRANGE key 0 -1',
    'LINDEX key index',
  ],
  ...[
    'LSET key index element',
    'LINSERT key where element element',
    'LREM key count element',
    'LTRIM key index index',
  ],
  ...[
    'LPOS key element',
    'LPOS key element RANK,count? COUNT,count? MAXLEN,count?',
    'LMOVE key key end end',
    'RPOPLPUSH key key',
  ],
  ...['LMPOP keys key end', 'LMPOP 2 key key end COUNT,count?'],
  ...['DEL key', 'SET text x', 'EXISTS key'],
];

const SORTED_SETS = [
  ...[
    'ZADD zkey score,member+',
    'ZADD zkey score,member+',
    'ZADD zkey condition? condition? score,member+',
    'ZADD same 5,member+',
  ],
  ...[
    'ZINCRBY zkey score member',
    'ZREM zkey member+',
    'ZCARD zkey',
    'ZSCORE zkey member',
    'ZMSCORE zkey member+',
  ],
  ...[
    'ZRANK zkey member',
    'ZREVRANK zkey member',
    'ZRANGE zkey index index REV? WITHSCORES?',
    'ZRANGE zkey 0 -1 WITHSCORES',
  ],
  ...[
    'ZRANGE zkey bound bound BYSCORE REV? LIMIT,index,index? WITHSCORES?',
    'ZRANGE same lex lex BYLEX REV? LIMIT,index,index?',
  ],
  ...[
    'ZRANGESTORE zkey zkey index index REV?',
    'ZRANGESTORE zkey zkey bound bound BYSCORE REV? LIMIT,index,index?',
  ],
  ...[
    'ZRANGEBYSCORE zkey bound bound WITHSCORES? LIMIT,index,index?',
    'ZREVRANGEBYSCORE zkey bound bound WITHSCORES?',
  ],
  ...[
    'ZRANGEBYLEX same lex lex LIMIT,index,index?',
    'ZREVRANGEBYLEX same lex lex',
    'ZREVRANGE zkey index index WITHSCORES?',
  ],
  ...[
    'ZCOUNT zkey bound bound',
    'ZLEXCOUNT same lex lex',
    'ZREMRANGEBYRANK zkey index index',
    'ZREMRANGEBYSCORE zkey bound bound',
  ],
  ...[
    'ZREMRANGEBYLEX same lex lex',
    'ZPOPMIN zkey count?',
    'ZPOPMAX zkey count?',
    'ZMPOP keys zkey extreme',
    'ZMPOP 2 zkey zkey extreme COUNT,count?',
  ],
  ...[
    'ZUNION keys zkey WITHSCORES?',
    'ZUNION 2 zkey zkey WEIGHTS,weight,weight? AGGREGATE,aggregate? WITHSCORES?',
  ],
  ...[
    'ZINTER 2 zkey zkey WEIGHTS,weight,weight? AGGREGATE,aggregate? WITHSCORES?',
    'ZDIFF 2 zkey zkey WITHSCORES?',
  ],
  ...[
    'ZUNIONSTORE zkey 2 zkey zkey WEIGHTS,weight,weight? AGGREGATE,aggregate?',
    'ZINTERSTORE zkey 2 zkey zkey AGGREGATE,aggregate?',
  ],
  ...[
    'ZDIFFSTORE zkey 2 zkey zkey',
    'ZINTERCARD 2 zkey zkey LIMIT,count?',
    'ZRANDMEMBER none count? WITHSCORES?',
    'ZSCAN zkey 0',
  ],
  ...['DEL zkey', 'SET text x', 'TYPE zkey'],
];

/** Random members are compared by their number, and what has no order that clients may rely on in any. */
function compare([name = '']: Words): Comparison {
  if (name === 'ZRANDMEMBER') return 'shape';
  return name === 'KEYS' || name === 'ZSCAN' ? 'unordered' : 'exact';
}

/** Each with a good and with every kind of bad argument; on keys that are absent, lists, sorted sets and text. */
const BLOCKING = ['none', 'list', 'zset', 'text'].flatMap((key) =>
  ['0.001', 'x', '-1', '-0.0001', '1e300', '1e400', 'nan', 'inf', '', ' 1', '0x1p-9'].flatMap((timeout) => [
    ['BLPOP', 'none', key, timeout],
    ['BRPOP', key, 'list', timeout],
    ['BLMOVE', key, 'text', 'LEFT', 'RIGHT', timeout],
    ['BLMOVE', key, 'none', 'LEFT', 'UP', timeout],
    ['BRPOPLPUSH', key, 'list', timeout],
    ['BLMPOP', timeout, '2', 'none', key, 'LEFT', 'COUNT', '2'],
    ['BLMPOP', timeout, '3', key, 'none', 'LEFT'],
    ['BLMPOP', timeout, '1', key, 'LEFT', 'COUNT', '0'],
    ['BZPOPMIN', 'none', key, timeout],
    ['BZPOPMAX', key, 'zset', timeout],
    ['BZMPOP', timeout, '2', key, 'none', 'MAX', 'COUNT', '2'],
    ['BZMPOP', timeout, '1', key, 'MOST'],
  ]),
);
/** Infinite for one server and for the other: they would wait. */
const waitsForEver = (command: Words) => command.includes('-0.0001');

describe.skipIf(noRedis !== undefined)('random commands are answered as Redis 7.0 answers them', () => {
  let node: TesseraNode;
  let redis: RedisServer;

  beforeAll(async () => {
    node = await startNode();
    redis = await startRedis();
  });
  afterAll(async () => {
    await node.close();
    await redis.stop();
  });

  test.each([
    ['lists', 2, LISTS],
    ['lists', 3, LISTS],
    ['sorted sets', 2, SORTED_SETS],
    ['sorted sets', 3, SORTED_SETS],
  ] as const)('%s, RESP%d', async (_, protocol, templates) => {
    const comparing = { templates, kinds: KINDS, seed: 11 + protocol, count: 1000, protocol, compare };
    expect(await randomDifferences(node.port, redis.port, comparing)).toEqual([]);
    node.context.keyspace.clear();
    expect(node.context.keyspace.usedBytes).toBe(0);
  });

  test('blocking commands refuse bad arguments in the same order and words, and time out alike', async () => {
    const differential = await Differential.connect(node.port, redis.port, 2);
    const fill = [
      ['FLUSHALL'],
      ['SET', 'text', 'x'],
      ['RPUSH', 'list', 'a', 'b'],
      ['ZADD', 'zset', '1', 'm', '2', 'n'],
    ];
    const commands = BLOCKING.filter((command) => !waitsForEver(command)).flatMap((command) => [
      ...fill,
      command,
    ]);
    const transaction = [['MULTI'], ...BLOCKING, ['EXEC']];
    expect(await differential.differences([...commands, ...fill, ...transaction], compare)).toEqual([]);
    differential.close();
  });

  test('who is served what, of clients that wait for lists and sorted sets', async () => {
    const random = new Random(5);
    const steps = Array.from({ length: 400 }, () => randomStep(random));
    const [ours, theirs] = [await transcript(node.port, steps), await transcript(redis.port, steps)];
    expect(ours).toEqual(theirs);
    expect(ours.filter((line) => line.includes('<-')).length).toBeGreaterThan(200);
  });
});

type Step = readonly string[][];

const CLIENTS = 6;

/**
 * One command for a client that waits for nothing, or a transaction of several changes. None of them stores a sorted set over a value of
 * another type: Redis 7.0 then forgets to look at who waits for it.
 */
function randomStep(random: Random): Step {
  const key = () => random.pick(['a', 'b', 'c']);
  const zkey = () => random.pick(['y', 'z']);
  const end = () => random.pick(['LEFT', 'RIGHT']);
  const element = () => String(random.below(1000));
  const waits = [
    () => ['BLPOP', key(), '0'],
    () => ['BRPOP', key(), key(), zkey(), '0'],
    () => ['BLMOVE', key(), key(), end(), end(), '0'],
    () => ['BRPOPLPUSH', key(), key(), '0'],
    () => ['BLMPOP', '0', '2', key(), key(), end(), 'COUNT', '2'],
    () => ['BZPOPMIN', zkey(), '0'],
    () => ['BZPOPMAX', zkey(), zkey(), '0'],
    () => ['BZMPOP', '0', '1', zkey(), 'MIN', 'COUNT', '2'],
  ];
  const changes = [
    () => ['RPUSH', key(), element()],
    () => ['LPUSH', key(), element(), element()],
    () => ['ZADD', zkey(), element(), 'm', element(), 'n'],
    () => ['RENAME', key(), key()],
    () => ['LMOVE', key(), key(), 'LEFT', 'RIGHT'],
    () => ['ZUNIONSTORE', zkey(), '2', zkey(), zkey()],
    () => ['DEL', zkey(), key()],
    () => ['SET', key(), 'text'],
  ];
  if (random.below(2) === 0) return [random.pick(waits)()];
  if (random.below(3) > 0) return [random.pick(changes)()];
  const queued = Array.from({ length: 3 }, () => random.pick(changes)());
  return [['MULTI'], ...queued, ['EXEC']];
}

/** What each step was answered, and whom it served with what. A step goes to the first client that does not wait. */
async function transcript(port: number, steps: readonly Step[]): Promise<string[]> {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => TypedClient.connect(port)));
  const control = await TypedClient.connect(port);
  await control.send('FLUSHALL');
  const waiting = new Set<number>();
  const answers: { client: number; reply: Typed }[] = [];
  const lines: string[] = [];
  const settled = async () => {
    // As many as the server says: then no answer is on its way any more.
    for (;;) {
      const count = Number(/blocked_clients:(\d+)/.exec(String(await control.send('INFO', 'clients')))?.[1]);
      if (waiting.size === count) break;
    }
    answers.sort((a, b) => a.client - b.client);
    for (const { client, reply } of answers.splice(0)) lines.push(`  ${client} <- ${JSON.stringify(reply)}`);
  };
  for (const step of steps) {
    const free = clients.findIndex((_, index) => !waiting.has(index));
    // With all waiting, only the control connection can go on.
    const client = clients[free] ?? control;
    if (client === control && step[0]?.[0]?.startsWith('B')) continue;
    lines.push(`${free}: ${step.map((command) => command.join(' ')).join('; ')}`);
    for (const command of step) {
      const reply = client.send(...command);
      if (client === control) lines.push(JSON.stringify(await reply));
      else {
        waiting.add(free);
        reply.then(
          (value) => {
            waiting.delete(free);
            answers.push({ client: free, reply: value });
          },
          () => {},
        );
        if (command[0]?.startsWith('B') === false) await reply;
      }
    }
    await settled();
  }
  for (const client of [...clients, control]) client.close();
  return lines;
}
