import { Redis } from 'ioredis';
import { createClient, defineScript } from 'redis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { startNode } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';

let node: TesseraNode;
let client: RespClient;

beforeEach(async () => {
  node = await startNode();
  client = await RespClient.connect(node.port);
});

afterEach(async () => {
  client.close();
  await node.close();
});

describe("redis-py's Lock", () => {
  const release = `
    local token = redis.call('get', KEYS[1])
    if not token or token ~= ARGV[1] then
        return 0
    end
    redis.call('del', KEYS[1])
    return 1
`;
  const extend = `
    local token = redis.call('get', KEYS[1])
    if not token or token ~= ARGV[1] then
        return 0
    end
    local expiration = redis.call('pttl', KEYS[1])
    if not expiration then
        expiration = 0
    end
    if expiration < 0 then
        return 0
    end

    local newttl = ARGV[2]
    if ARGV[3] == "0" then
        newttl = ARGV[2] + expiration
    end
    redis.call('pexpire', KEYS[1], newttl)
    return 1
`;
  const reacquire = `
    local token = redis.call('get', KEYS[1])
    if not token or token ~= ARGV[1] then
        return 0
    end
    redis.call('pexpire', KEYS[1], ARGV[2])
    return 1
`;
  let sha: Record<string, string>;

  beforeEach(async () => {
    const load = async (script: string) => (await client.send('SCRIPT', 'LOAD', script)) as string;
    sha = { release: await load(release), extend: await load(extend), reacquire: await load(reacquire) };
    await client.send('SET', 'lock', 'mine', 'NX', 'PX', 1_000_000);
  });

  const run = (name: string, ...args: (string | number)[]) =>
    client.send('EVALSHA', sha[name] as string, 1, 'lock', ...args);

  test('is released by its owner only', async () => {
    expect(await run('release', 'other')).toBe(0);
    expect(await client.send('EXISTS', 'lock')).toBe(1);
    expect(await run('release', 'mine')).toBe(1);
    expect(await client.send('EXISTS', 'lock')).toBe(0);
    expect(await run('release', 'mine')).toBe(0);
  });

  test('is extended by a time, or to one', async () => {
    expect(await run('extend', 'other', 1_000_000, '0')).toBe(0);
    expect(await run('extend', 'mine', 1_000_000, '0')).toBe(1);
    expect(await client.send('PTTL', 'lock')).toBeGreaterThan(1_500_000);
    expect(await run('extend', 'mine', 500_000, '1')).toBe(1);
    expect(await client.send('PTTL', 'lock')).toBeLessThanOrEqual(500_000);
  });

  test('is acquired again', async () => {
    expect(await run('reacquire', 'mine', 2_000_000)).toBe(1);
    expect(await client.send('PTTL', 'lock')).toBeGreaterThan(1_900_000);
  });
});

const TOKEN_BUCKET = `
local capacity = tonumber(ARGV[1])
local rate = tonumber(ARGV[2])
local now = tonumber(ARGV[3])
local requested = tonumber(ARGV[4])
local last = tonumber(redis.call("get", KEYS[1]))
if last == nil then
  last = capacity
end
local refreshed = tonumber(redis.call("get", KEYS[2]))
if refreshed == nil then
  refreshed = 0
end
local delta = math.max(0, now - refreshed)
local filled = math.min(capacity, last + delta * rate)
local allowed = filled >= requested
local tokens = filled
if allowed then
  tokens = filled - requested
end
local ttl = math.floor(capacity / rate * 2)
redis.call("set", KEYS[1], tokens, "ex", ttl)
redis.call("set", KEYS[2], now, "ex", ttl)
return { allowed, tokens }
`;

test('a token bucket limits a rate', async () => {
  const ask = (now: number, requested = 1) =>
    client.send('EVAL', TOKEN_BUCKET, 2, '{user}.tokens', '{user}.timestamp', 2, 0.5, now, requested);
  expect(await ask(1000)).toEqual([1, 1]);
  expect(await ask(1000)).toEqual([1, 0]);
  expect(await ask(1000)).toEqual([null, 0]);
  // Half a token a second: after one there is none yet.
  expect(await ask(1001)).toEqual([null, 0]);
  expect(await client.send('GET', '{user}.tokens')).toBe('0.5');
  expect(await ask(1002)).toEqual([1, 0]);
  expect(await ask(2000, 2)).toEqual([1, 0]);
});

test('ioredis defines a command: EVALSHA, and EVAL where the script is not known', async () => {
  const redis = new Redis(node.port, { lazyConnect: true }) as Redis & {
    compareAndSet(key: string, expected: string, value: string): Promise<number>;
  };
  redis.defineCommand('compareAndSet', {
    numberOfKeys: 1,
    lua: 'if redis.call("get", KEYS[1]) == ARGV[1] then redis.call("set", KEYS[1], ARGV[2]) return 1 end return 0',
  });
  await redis.set('k', 'a');
  expect(await redis.compareAndSet('k', 'a', 'b')).toBe(1);
  expect(await redis.compareAndSet('k', 'a', 'c')).toBe(0);
  expect(await redis.get('k')).toBe('b');
  redis.disconnect();
});

test('node-redis defines a script, in RESP3', async () => {
  const redis = createClient({
    url: `redis://127.0.0.1:${node.port}`,
    RESP: 3,
    scripts: {
      add: defineScript({
        NUMBER_OF_KEYS: 1,
        SCRIPT:
          'local v = (tonumber(redis.call("get", KEYS[1])) or 0) + ARGV[1] redis.call("set", KEYS[1], v) return v',
        parseCommand(parser, key: string, value: number) {
          parser.pushKey(key);
          parser.push(String(value));
        },
        transformReply: undefined as unknown as () => number,
      }),
    },
  });
  await redis.connect();
  expect(await redis.add('n', 40)).toBe(40);
  expect(await redis.add('n', 2)).toBe(42);
  expect(await redis.get('n')).toBe('42');
  redis.destroy();
});

test('many scripts at once keep their order', async () => {
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      client.send('EVAL', 'return {KEYS[1], ARGV[1] * 2}', 1, `k${i}`, i),
    ),
  );
  expect(replies).toEqual(Array.from({ length: 200 }, (_, i) => [`k${i}`, i * 2]));
});
