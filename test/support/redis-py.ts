import { expect } from 'vitest';
import { run } from './run.ts';

/** `show` prints a value as JSON, bytes as text of one character a byte, sets in order. */
const PRELUDE = `
import asyncio, json, sys, threading
import redis, redis.asyncio, redis.asyncio.cluster
from redis.cluster import RedisCluster

def plain(value):
    if isinstance(value, bytes):
        return value.decode('latin1')
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, set):
        return sorted(plain(item) for item in value)
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value

def show(value):
    print(json.dumps(plain(value)))

args = json.loads(sys.argv[1])
`;

/** Runs a Python program that has redis-py, `args` and `show(value)`; gives all that it shows. */
export async function redisPy(python: string, program: string, args: unknown): Promise<unknown[]> {
  const { code, stdout, stderr } = await run(python, ['-c', PRELUDE + program, JSON.stringify(args)]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
