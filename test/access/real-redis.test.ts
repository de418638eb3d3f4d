import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { categoriesOf } from '../../src/commands/acl-categories.ts';
import type { TesseraNode } from '../../src/node.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { type Parsed, RespClient } from '../support/resp-client.ts';
import { startAccessNode } from './nodes.ts';

if (noRedis !== undefined) console.log(`comparison with Redis skipped: ${noRedis}`);

let redis: RedisServer;
let node: TesseraNode;
let theirs: RespClient;
let ours: RespClient;

describe.skipIf(noRedis !== undefined)('as in Redis 7.0', () => {
  beforeAll(async () => {
    redis = await startRedis();
    node = await startAccessNode();
    theirs = await RespClient.connect(redis.port);
    ours = await RespClient.connect(node.port);
  });
  afterAll(async () => {
    theirs.close();
    ours.close();
    await node.close();
    await redis.stop();
  });

  /** Sends the command to both and compares the replies, errors by their text. */
  async function same(...args: string[]): Promise<Parsed> {
    const [a, b] = await Promise.all([theirs.send(...args), ours.send(...args)]);
    expect([args, plain(b)]).toEqual([args, plain(a)]);
    return b;
  }

  test('rules are refused and shown alike', async () => {
    const hash = 'a'.repeat(64);
    const rules: string[][] = [
      ['on', '>pw', '>pw', 'skip-sanitize-payload'],
      ['~a', '%R~a', '%W~b', '%rw~c', '%R~d', '%W~d', '&x', '&x', '&'],
      ['%R'],
      ['%'],
      ['%~x'],
      ['%RR~x'],
      ['%Q~x'],
      ['~'],
      ['~a b'],
      ['&a b'],
      ['~*', '~x'],
      ['&*', '&x'],
      ['allkeys', 'allchannels', 'resetkeys', 'resetchannels', '~x'],
      ['nopass', '>x', 'resetpass'],
      [`#${hash}`, `!${hash}`, `!${hash}`],
      ['#abc'],
      ['!abc'],
      [`#${'A'.repeat(64)}`],
      ['>', '<'],
      ['<x'],
      [''],
      ['foo'],
      ['+nope'],
      ['-nope'],
      ['+@nope'],
      ['-@nope'],
      ['+'],
      ['-'],
      ['+@'],
      ['+select|'],
      ['-select|0'],
      ['+nope|x'],
      ['+acl|nope'],
      ['+acl|cat|x'],
      ['+acl|'],
      ['allcommands', 'nocommands'],
      ['+get', '(+set ~x)', '(', '+get', '~y', ')', '( +get  ~z )', '()'],
      ['(+get'],
      ['+get', '(+get', '~x'],
      ['(+nope)'],
      ['((+get))'],
      ['(>pw)'],
      ['(on)'],
      ['(reset)'],
      [')'],
      ['x)'],
      ['("+get" ~x)'],
      ['(+get)', 'clearselectors'],
      ['reset'],
      ['ON', 'NoPass', 'AllKeys', 'AllChannels', '+@ALL'],
      ['+GET'],
    ];
    for (const each of rules) {
      await same('ACL', 'SETUSER', 'u', ...each);
      await same('ACL', 'GETUSER', 'u');
      await same('ACL', 'LIST');
      await same('ACL', 'DELUSER', 'u', 'nobody', 'u');
    }
    await same('ACL', 'SETUSER', 'a b');
    await same('ACL', 'SETUSER', 'a\0b');
    await same('ACL', 'SETUSER', '');
    await same('ACL', 'USERS');
    await same('ACL', 'DELUSER', '', 'default');
    await same('ACL', 'DELUSER', '');
  });

  test('subcommands answer and refuse alike', async () => {
    const requests = [
      'ACL|ACL NOPE|ACL HELP|ACL HELP x|ACL WHOAMI|ACL WHOAMI x|ACL LIST x|ACL USERS x|ACL GETUSER|ACL GETUSER nobody|ACL SETUSER',
      'ACL DELUSER|ACL DELUSER default|ACL DELUSER nobody|ACL CAT nope|ACL CAT a b|ACL GENPASS 0|ACL GENPASS x|ACL GENPASS -5',
      'ACL GENPASS 5000|ACL GENPASS 1 2|ACL LOG x|ACL LOG -1|ACL LOG RESET|ACL LOG|ACL LOG RESET x|ACL LOG 1 2|ACL LOAD|ACL SAVE',
      'ACL LOAD x|ACL SAVE x|ACL DRYRUN|ACL DRYRUN default|ACL DRYRUN nobody get|ACL DRYRUN default nope|ACL DRYRUN default get',
      'ACL DRYRUN default acl nope|ACL DRYRUN default acl|ACL DRYRUN default get k|AUTH|AUTH x|AUTH default x|AUTH nobody x|AUTH a b c',
      'HELLO 2 AUTH|HELLO 2 AUTH a|HELLO 2 AUTH nobody x|HELLO x|HELLO 9|HELLO 2 NOPE|CLIENT KILL USER nobody|CLIENT KILL USER default',
      'CONFIG GET acllog-max-len|CONFIG GET acl-pubsub-default|CONFIG GET aclfile|CONFIG GET requirepass|CONFIG GET protected-mode',
      'CONFIG SET acllog-max-len -1|CONFIG SET acllog-max-len x|CONFIG SET protected-mode maybe|CONFIG SET aclfile x|CONFIG SET unixsocket x',
      'CONFIG GET unixsocket|CONFIG GET unixsocketperm|CONFIG GET tls-port|CONFIG GET tls-cert-file|CONFIG GET tls-auth-clients',
    ];
    for (const line of requests.join('|').split('|')) await same(...line.split(' '));
    const [theirCategories, ourCategories] = [await theirs.send('ACL', 'CAT'), await ours.send('ACL', 'CAT')];
    expect(ourCategories).toEqual([...(theirCategories as string[]), 'ai']);
  });

  test('commands have the same categories', async () => {
    const compared: string[] = [];
    const known = (await theirs.send('COMMAND')) as Parsed[][];
    const flat = known.flatMap((entry) => [entry, ...(entry[9] as Parsed[][])]);
    const redisCategories = new Map(flat.map((entry) => [String(entry[0]), entry[6] as string[]]));
    for (const command of node.context.commands.all().flatMap((c) => [c, ...(c.subcommands ?? [])])) {
      const expected = redisCategories.get(command.name);
      if (expected === undefined || isUndivided(command.name)) continue;
      const found = categoriesOf(command).map((category) => `@${category}`);
      expect([command.name, found.sort()]).toEqual([command.name, expected.sort()]);
      compared.push(command.name);
    }
    expect(compared.length).toBeGreaterThan(50);
  });

  /** A command that Redis divides into subcommands, and we (so far) do not. */
  function isUndivided(name: string): boolean {
    const command = node.context.commands.find(name);
    return ['client', 'cluster', 'command', 'config'].includes(name) && command?.subcommands === undefined;
  }

  test('random users may run the same commands on the same keys', async () => {
    const random = seeded(20_260_601);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const samples = await knownSamples();
    expect(samples.length).toBeGreaterThan(40);
    const categories = [
      'all',
      'read',
      'write',
      'keyspace',
      'string',
      'fast',
      'slow',
      'dangerous',
      'connection',
    ];
    const newRule = (): string => {
      const sign = pick(['+', '+', '-']);
      const kind = random();
      if (kind < 0.3) return `${sign}${pick(samples)[0]}`;
      if (kind < 0.5) return `${sign}@${pick(categories)}`;
      if (kind < 0.55) return pick(['+select|0', '+acl|whoami', '-acl|whoami', '+acl', '-acl', 'resetkeys']);
      return `${pick(['~', '%R~', '%W~', '%RW~'])}${pick(['a*', 'b*', '?1', '[ab]2', 'c', '\\*'])}`;
    };
    const rulesOf = (most: number) => Array.from({ length: 1 + Math.floor(random() * most) }, newRule);
    for (let round = 0; round < 60; round++) {
      const selectors = random() < 0.3 ? [`(${rulesOf(4).join(' ')})`] : [];
      await same('ACL', 'SETUSER', 'r', 'reset', ...rulesOf(8), ...selectors);
      for (const sample of samples) {
        const args = sample.map((arg) =>
          arg === 'KEY' ? pick(['a1', 'a2', 'b1', 'b2', 'c', 'd', '*']) : arg,
        );
        await same('ACL', 'DRYRUN', 'r', ...args);
      }
    }
  });

  /** Commands with KEY where their keys are, of those that both know. */
  async function knownSamples(): Promise<string[][]> {
    const lines = [
      'get KEY|set KEY v|set KEY v GET|set KEY v EX 5|setnx KEY v|mget KEY KEY|mset KEY v KEY v|append KEY v|strlen KEY|getdel KEY',
      'incr KEY|incrby KEY 1|getset KEY v|getrange KEY 0 1|setrange KEY 0 v|setex KEY 1 v|psetex KEY 1 v|msetnx KEY v|getex KEY',
      'del KEY KEY|unlink KEY|exists KEY KEY|type KEY|touch KEY|expire KEY 1|pexpire KEY 1|expireat KEY 1|ttl KEY|pttl KEY|persist KEY',
      'rename KEY KEY|renamenx KEY KEY|copy KEY KEY|copy KEY KEY REPLACE|randomkey|keys *|scan 0|dbsize|flushall|expiretime KEY|dump KEY',
      'object encoding KEY|sort KEY|hset KEY f v|hget KEY f|hdel KEY f|hlen KEY|hexists KEY f|hgetall KEY|hincrby KEY f 1|hstrlen KEY f',
      'lpush KEY v|rpop KEY|llen KEY|lrange KEY 0 1|lset KEY 0 v|lrem KEY 0 v|ltrim KEY 0 1|lmove KEY KEY LEFT LEFT|rpoplpush KEY KEY',
      'blpop KEY 0|blmove KEY KEY LEFT LEFT 0|lmpop 1 KEY LEFT|linsert KEY BEFORE a b|sadd KEY m|srem KEY m|scard KEY|smembers KEY',
      'sismember KEY m|spop KEY|smove KEY KEY m|sinter KEY KEY|sinterstore KEY KEY KEY|sunionstore KEY KEY|sdiffstore KEY KEY KEY',
      'zadd KEY 1 m|zrem KEY m|zcard KEY|zscore KEY m|zincrby KEY 1 m|zrange KEY 0 1|zrangestore KEY KEY 0 1|zunionstore KEY 2 KEY KEY',
      'zinterstore KEY 1 KEY|zdiffstore KEY 1 KEY|zpopmin KEY|zremrangebyrank KEY 0 1|zremrangebyscore KEY 0 1|zremrangebylex KEY - +',
      'watch KEY|multi|exec|ping|echo x|select 0|select 1|auth x|hello|reset|quit|info|time|wait 0 0|acl whoami|acl list|acl setuser x',
    ];
    const samples = lines
      .join('|')
      .split('|')
      .map((line) => line.split(' '));
    const found = await Promise.all(samples.map((args) => ours.send('ACL', 'DRYRUN', 'default', ...args)));
    return samples.filter((_, i) => !(found[i] instanceof Error));
  }
});

function plain(reply: Parsed): unknown {
  if (reply instanceof Error) return `error ${reply.message}`;
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

/** Numbers from 0 to below 1 (mulberry32), the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
