import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { KINDS } from '../support/command-kinds.ts';
import { type Comparison, randomDifferences, type Words } from '../support/differential.ts';
import { startNode } from '../support/node.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { type Typed, TypedClient } from '../support/typed-client.ts';

const COMMANDS_PER_RUN = 500;

const OTHER_TYPES = [
  'DEL key',
  'SET key value',
  'SET key number',
  'SADD key field',
  'HSET key field value',
  'TYPE key',
];

const GROUPS: Record<string, readonly string[]> = {
  strings: [
    ...['SET key value option? expiry,seconds? option?', 'SET key float', 'GET key', 'SETNX key value'],
    ...[
      'SETEX key seconds value',
      'PSETEX key seconds value',
      'GETSET key value',
      'GETDEL key',
      'GETEX key PERSIST',
    ],
    ...['GETEX key expiry,seconds? expiry?', 'MGET key+', 'MSET key,value+', 'MSETNX key,value+', 'INCR key'],
    ...['DECR key', 'INCRBY key integer', 'DECRBY key integer', 'INCRBYFLOAT key float', 'APPEND key value'],
    ...[
      'STRLEN key',
      'GETRANGE key position position',
      'SUBSTR key position position',
      'SETRANGE key offset value',
    ],
    ...['SETBIT key offset bit', 'GETBIT key offset', 'BITCOUNT key', 'BITCOUNT key position position unit?'],
    ...['BITPOS key bit position?', 'BITPOS key bit position position unit?', 'BITOP operation key key+'],
    ...['TTL key', 'EXPIRETIME key', 'PERSIST key'],
  ],
  hashes: [
    ...['HSET key field,value+', 'HSET key field number', 'HMSET key field,value+', 'HSETNX key field value'],
    ...[
      'HGET key field',
      'HMGET key field+',
      'HGETALL key',
      'HDEL key field+',
      'HLEN key',
      'HSTRLEN key field',
    ],
    ...[
      'HEXISTS key field',
      'HKEYS key',
      'HVALS key',
      'HINCRBY key field integer',
      'HINCRBYFLOAT key field float',
    ],
    ...['HRANDFIELD key', 'HRANDFIELD key sign', 'HRANDFIELD key sign WITHVALUES'],
    ...['HSCAN key cursor MATCH,pattern? COUNT,scanned', 'OBJECT ENCODING key'],
  ],
  sets: [
    ...['SADD key field+', 'SADD key integer+', 'SADD key digit+', 'SREM key field+', 'SMEMBERS key'],
    ...[
      'SISMEMBER key field',
      'SMISMEMBER key field+',
      'SCARD key',
      'SPOP key',
      'SPOP key sign',
      'SRANDMEMBER key',
    ],
    ...['SRANDMEMBER key sign', 'SMOVE key key field', 'SUNION key+', 'SINTER key+', 'SDIFF key+'],
    ...[
      'SUNIONSTORE key key+',
      'SINTERSTORE key key+',
      'SDIFFSTORE key key+',
      'SINTERCARD 1 key LIMIT,sign?',
    ],
    ...['SINTERCARD sign key key LIMIT,sign? LIMIT,count?', 'SSCAN key cursor MATCH,pattern? COUNT,scanned'],
    'OBJECT ENCODING key',
  ],
  // Without numbers that are out of a double's range: Redis 7.0 goes on to refuse the next SORT too, since it does not clear errno.
  'SORT, OBJECT and RANDOMKEY': [
    ...[
      'SADD key digit+',
      'SADD key weight+',
      'SORT key',
      'SORT key DESC',
      'SORT key ALPHA DESC LIMIT,position,digit',
    ],
    ...['SORT key BY,by ALPHA? GET,by? GET,#?', 'SORT key ALPHA? STORE,key LIMIT,position,digit?'],
    ...[
      'SORT_RO key ALPHA? BY,by? DESC? STORE,key?',
      'SORT key BY nosort STORE key',
      'SORT key ALPHA GET # GET,by STORE key',
    ],
    ...['OBJECT ENCODING key', 'OBJECT REFCOUNT key', 'OBJECT FREQ key', 'OBJECT HELP', 'RANDOMKEY'],
  ],
};

const UNORDERED = /^(KEYS|HGETALL|HKEYS|HVALS|HSCAN|SMEMBERS|SUNION|SINTER|SDIFF|SSCAN)$/;
const UP_TO_CHANCE = /^(TTL|EXPIRETIME|DEL|HRANDFIELD|SPOP|SRANDMEMBER|RANDOMKEY)$/;

function compare([name = '', ...args]: Words): Comparison {
  if (/^[HS]SCAN$/.test(name) && /^-?\d+$/.test(args[1] ?? '') && args[1] !== '0') return 'none';
  // An error shows the bytes of a subcommand that there is not up to the first zero in Redis.
  if (name === 'OBJECT' && !/^(ENCODING|REFCOUNT|FREQ|HELP)$/.test(args[0] ?? '')) return 'none';
  // In an order of their own: sets that are not sorted, and elements of the same weight.
  if (/^SORT/.test(name) && args.includes('BY')) return 'none';
  if (UNORDERED.test(name)) return 'unordered';
  return UP_TO_CHANCE.test(name) ? 'shape' : 'exact';
}

/** What is left of a random choice, or of a key that may expire between the two servers, is deleted. */
function settle(words: Words): Words | undefined {
  const [name = '', key] = words;
  const chance = /^(SPOP|P?SETEX)$/.test(name) || words.some((word) => /^(EX|PX)$/i.test(word));
  return chance && key !== undefined ? ['DEL', key] : undefined;
}

/** Name, arity, flags in order, first key, last key, step. */
function aspects([name, arity, flags, ...keys]: Typed[]): Typed[] {
  return [name ?? null, arity ?? null, [...(flags as Typed[])].sort(), ...keys.slice(0, 3)];
}

if (noRedis !== undefined) process.stdout.write(`not compared with Redis: ${noRedis}\n`);

describe.skipIf(noRedis !== undefined)('random commands are answered as by Redis 7.0', () => {
  let node: TesseraNode;
  let redis: RedisServer;
  beforeAll(async () => {
    [node, redis] = await Promise.all([startNode(), startRedis()]);
  });
  afterAll(() => Promise.all([node.close(), redis.stop()]));

  test('COMMAND INFO tells the same arity, flags and key positions', async () => {
    const [ours, theirs] = await Promise.all([
      TypedClient.connect(node.port),
      TypedClient.connect(redis.port),
    ]);
    const names = new Set(
      Object.values(GROUPS).flatMap((templates) => templates.map((t) => t.split(' ')[0] ?? '')),
    );
    for (const name of names) {
      const [[mine], [real]] = (await Promise.all(
        [ours, theirs].map((c) => c.send('COMMAND', 'INFO', name)),
      )) as [[Typed[]], [Typed[]]];
      expect(aspects(mine)).toEqual(aspects(real));
    }
    ours.close();
    theirs.close();
  });

  const runs = Object.keys(GROUPS).flatMap((group) =>
    ([2, 3] as const).map((protocol) => ({ group, protocol })),
  );
  test.each(runs)('$group, RESP$protocol', async ({ group, protocol }) => {
    const templates = [...(GROUPS[group] ?? []), ...OTHER_TYPES];
    const seed = Number(process.env.TESSERA_SEED ?? 7 + protocol);
    const count = Number(process.env.TESSERA_COMMANDS ?? COMMANDS_PER_RUN);
    const run = { templates, kinds: KINDS, seed, count, protocol, compare, settle };
    expect(await randomDifferences(node.port, redis.port, run)).toEqual([]);
  });
});
