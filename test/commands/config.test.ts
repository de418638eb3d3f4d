import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});
afterEach(() => client.send('CONFIG', 'SET', 'maxmemory', 0));

function failed(name: string, why: string): string {
  return `-ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`;
}

describe('GET', () => {
  test('answers names and values', async () => {
    expect(await client.send('CONFIG', 'GET', 'maxmemory')).toEqual(['$maxmemory', '$0']);
    expect(await client.send('CONFIG', 'GET', 'port')).toEqual(['$port', `$${shared.node.port}`]);
    expect(await client.send('CONFIG', 'GET', 'cluster-enabled')).toEqual(['$cluster-enabled', '$no']);
    expect(await client.send('CONFIG', 'GET', 'nosuch')).toEqual([]);
    await client.send('HELLO', 3);
    expect(await client.send('CONFIG', 'GET', 'maxmemory')).toEqual({ map: [['$maxmemory', '$0']] });
  });

  test('takes several names and patterns, each setting once', async () => {
    await client.send('HELLO', 3);
    const { map } = (await client.send('CONFIG', 'GET', 'maxm*', 'maxmemory', 'appendonly', 'nosuch')) as {
      map: [string, string][];
    };
    const names = map.map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(['$maxmemory', '$maxmemory-policy', '$appendonly']));
    expect(new Set(names).size).toBe(names.length);
  });

  test('has what redis-benchmark and SmartSim ask for', async () => {
    expect(await client.send('CONFIG', 'GET', 'save')).toEqual(['$save', '$']);
    expect(await client.send('CONFIG', 'GET', 'appendonly')).toEqual(['$appendonly', '$no']);
    expect(await client.send('CONFIG', 'GET', 'maxclients')).toEqual(['$maxclients', '$10000']);
    expect(await client.send('CONFIG', 'GET', 'proto-max-bulk-len')).toEqual([
      ...['$proto-max-bulk-len', '$536870912'],
    ]);
  });
});

describe('SET', () => {
  test.each([
    ['1024', '1024'],
    ['100mb', '104857600'],
    ['100M', '100000000'],
    ['2gb', '2147483648'],
    ['1k', '1000'],
    ['1KB', '1024'],
    ['0', '0'],
  ])('maxmemory %s is %s bytes', async (size, bytes) => {
    expect(await client.send('CONFIG', 'SET', 'MAXMEMORY', size)).toBe('+OK');
    expect(await client.send('CONFIG', 'GET', 'maxmemory')).toEqual(['$maxmemory', `$${bytes}`]);
  });

  test.each(['abc', '', '-1', '1e3', '10tb', '1.5gb'])('maxmemory %j is refused', async (size) => {
    expect(await client.send('CONFIG', 'SET', 'maxmemory', size)).toBe(
      failed('maxmemory', 'argument must be a memory value'),
    );
    expect(await client.send('CONFIG', 'GET', 'maxmemory')).toEqual(['$maxmemory', '$0']);
  });

  test('maxmemory-policy takes the names of Redis in any case, but those that go by frequency', async () => {
    const set = (value: string) => client.send('CONFIG', 'SET', 'maxmemory-policy', value);
    expect(await set('ALLKEYS-lru')).toBe('+OK');
    expect(await client.send('CONFIG', 'GET', 'maxmemory-policy')).toEqual([
      '$maxmemory-policy',
      '$allkeys-lru',
    ]);
    for (const policy of ['allkeys-lfu', 'Volatile-LFU']) {
      expect(await set(policy)).toBe(
        failed('maxmemory-policy', 'LFU policies are not available, access frequencies are not tracked'),
      );
    }
    expect(await set('lru')).toBe(
      failed(
        'maxmemory-policy',
        'argument(s) must be one of the following: volatile-lru, volatile-random, volatile-ttl, allkeys-lru, allkeys-random, noeviction',
      ),
    );
    expect(await set('noeviction')).toBe('+OK');
  });

  test.each([
    ['maxmemory-samples', '5', '0', 'argument must be between 1 and 2147483647 inclusive'],
    ['maxmemory-samples', '5', 'x', "argument couldn't be parsed into an integer"],
    ['maxmemory-eviction-tenacity', '10', '101', 'argument must be between 0 and 100 inclusive'],
  ])('%s is %s, and not to be %s', async (name, value, wrong, why) => {
    expect(await client.send('CONFIG', 'GET', name)).toEqual([`$${name}`, `$${value}`]);
    expect(await client.send('CONFIG', 'SET', name, wrong)).toBe(failed(name, why));
    expect(await client.send('CONFIG', 'SET', name, value)).toBe('+OK');
  });

  test('several settings at once', async () => {
    expect(await client.send('CONFIG', 'SET', 'maxmemory', '1mb', 'maxclients', 9999)).toBe('+OK');
    expect(await client.send('CONFIG', 'GET', 'maxmemory')).toEqual(['$maxmemory', '$1048576']);
    expect(await client.send('CONFIG', 'GET', 'maxclients')).toEqual(['$maxclients', '$9999']);
    await client.send('CONFIG', 'SET', 'maxclients', 10_000);
  });

  test.each([
    [['nosuch', '1'], "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"],
    [['databases', '3'], failed('databases', "can't set immutable config")],
    [['cluster-enabled', 'yes'], failed('cluster-enabled', "can't set immutable config")],
    [[], "-ERR wrong number of arguments for 'config|set' command"],
    [['maxmemory'], "-ERR wrong number of arguments for 'config|set' command"],
  ])('%j is refused', async (args, reply) => {
    expect(await client.send('CONFIG', 'SET', ...args)).toBe(reply);
  });

  test('maxclients is the most clients there may be; who is too many is told and closed', async () => {
    await client.send('CONFIG', 'SET', 'maxclients', 1);
    try {
      const refused = await shared.connectTyped();
      expect(await refused.reply()).toBe('-ERR max number of clients reached');
      await refused.closed;
      expect(await client.send('PING')).toBe('+PONG');
    } finally {
      await client.send('CONFIG', 'SET', 'maxclients', 10_000);
    }
    expect(await (await shared.connectTyped()).send('PING')).toBe('+PONG');
  });

  test('beyond maxmemory only commands that take no memory run', async () => {
    await client.send('SET', 'k', 'v');
    await client.send('CONFIG', 'SET', 'maxmemory', 1);
    const refused = "-OOM command not allowed when used memory > 'maxmemory'.";
    expect(await client.send('SET', 'l', 'v')).toBe(refused);
    expect(await client.send('MSET', 'l', 'v')).toBe(refused);
    expect(await client.send('AI.TENSORSET', 't', 'FLOAT', 1)).toBe(refused);
    expect(await client.send('COPY', 'k', 'l')).toBe(refused);
    expect(await client.send('GET', 'k')).toBe('$v');
    expect(await client.send('RENAME', 'k', 'l')).toBe('+OK');
    expect(await client.send('DEL', 'l')).toBe(':1');
    expect(await client.send('SET', 'l', 'v')).toBe('+OK');
  });
});

test.each([
  [[], "-ERR wrong number of arguments for 'config' command"],
  [['GET'], "-ERR wrong number of arguments for 'config|get' command"],
  [['Foo'], "-ERR unknown subcommand 'Foo'. Try CONFIG HELP."],
])('CONFIG %j is refused', async (args, reply) => {
  expect(await client.send('CONFIG', ...args)).toBe(reply);
});
