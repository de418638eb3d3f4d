import { beforeEach, expect, test } from 'vitest';
import type { RespClient } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';

const shared = useSharedNode();
const BYTES = Buffer.from([0, 10, 128, 255]);
let client: RespClient;

beforeEach(async () => {
  client = await shared.connect();
  await client.send('RPUSH', 'list', 'x', BYTES);
  await client.send('SADD', 'set', 'one');
  await client.send('HSET', 'hash', 'f', 'v');
  await client.send('ZADD', 'zset', 1.5, 'm');
});

test.each<[string, unknown]>([
  ["'lrange', 'list', 0, -1", ['x', BYTES]],
  ["'lpop', 'list'", 'x'],
  ["'smembers', 'set'", ['one']],
  ["'spop', 'set'", 'one'],
  ["'hgetall', 'hash'", ['f', 'v']],
  ["'hkeys', 'hash'", ['f']],
  ["'zrange', 'zset', 0, -1, 'withscores'", ['m', '1.5']],
  ["'zpopmin', 'zset'", ['m', '1.5']],
])('redis.call(%s) gives a script the elements themselves', async (command, reply) => {
  expect(await client.send('EVAL', `return redis.call(${command})`, 0)).toEqual(reply);
});

test('no array is nothing to a script', async () => {
  expect(await client.send('EVAL', "return tostring(redis.call('lpop', 'none', 2))", 0)).toBe('false');
});
