import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { RespClient } from '../support/resp-client.ts';

// Slots: bar 5061 and hello 866 are the first node's, foo 12182 is the third's.
const FOREIGN = 'ERR Script attempted to access a non local key in a cluster node';
const CROSS_SLOT = 'ERR Script attempted to access keys that do not hash to the same slot';

let cluster: TestCluster;
let client: RespClient;

beforeAll(async () => {
  cluster = await startCluster();
  client = await RespClient.connect(cluster.ports[0] as number);
}, 60_000);

afterAll(async () => {
  client.close();
  await cluster.stop();
});

async function scriptError(...args: (string | number)[]): Promise<string> {
  return (await client.error('EVAL', ...args)).replace(/ script: .*/s, '');
}

describe('in a cluster', () => {
  test('a script goes where its keys are', async () => {
    expect(await client.send('EVAL', 'return redis.call("set", KEYS[1], 1)', 1, 'bar')).toBe('OK');
    expect(await client.error('EVAL', 'return 1', 1, 'foo')).toBe(
      `MOVED 12182 127.0.0.1:${cluster.ports[2]}`,
    );
    expect(await client.error('EVAL', 'return 1', 2, 'bar', 'hello')).toBe(
      "CROSSSLOT Keys in request don't hash to the same slot",
    );
    expect(await client.error('EVALSHA', 'f'.repeat(40), 1, 'foo')).toBe(
      `MOVED 12182 127.0.0.1:${cluster.ports[2]}`,
    );
  });

  test('a script reaches no keys of other nodes', async () => {
    expect(await scriptError('return redis.call("get", "foo")', 0)).toBe(FOREIGN);
    expect(await scriptError('return redis.call("get", "foo")', 1, 'bar')).toBe(FOREIGN);
    expect(await scriptError('return redis.call("mget", "bar", "foo")', 1, 'bar')).toBe(FOREIGN);
    expect(await scriptError('return redis.call("mget", "bar", "hello")', 1, 'bar')).toBe(FOREIGN);
  });

  test('a script without flags may use keys of several slots of its node, as before Redis 7', async () => {
    expect(await client.send('EVAL', 'return redis.call("get", "hello")', 1, 'bar')).toBeNull();
    expect(await client.send('EVAL', 'redis.call("get", "hello") return redis.call("get", "bar")', 0)).toBe(
      '1',
    );
  });

  test('a script with flags stays in one slot, unless it says otherwise', async () => {
    expect(await scriptError('#!lua\nreturn redis.call("get", "hello")', 1, 'bar')).toBe(CROSS_SLOT);
    expect(await scriptError('#!lua\nredis.call("get", "hello") return redis.call("get", "bar")', 0)).toBe(
      CROSS_SLOT,
    );
    const flagged = '#!lua flags=allow-cross-slot-keys\nreturn redis.call("get", "hello")';
    expect(await client.send('EVAL', flagged, 1, 'bar')).toBeNull();
  });

  test('a script may say that it is for no cluster', async () => {
    expect(await client.error('EVAL', '#!lua flags=no-cluster\nreturn 1', 0)).toBe(
      "ERR Can not run script on cluster, 'no-cluster' flag is set.",
    );
  });

  test('a script uses a slot that is on its way here, when it is asked to', async () => {
    const third = await RespClient.connect(cluster.ports[2] as number);
    const id = (await third.send('CLUSTER', 'MYID')) as string;
    third.close();
    const script = 'return redis.call("set", KEYS[1], 1)';
    expect(await client.send('CLUSTER', 'SETSLOT', 12182, 'IMPORTING', id)).toBe('OK');
    expect(await client.error('EVAL', script, 1, 'foo')).toBe(`MOVED 12182 127.0.0.1:${cluster.ports[2]}`);
    expect(await client.send('ASKING')).toBe('OK');
    expect(await client.send('EVAL', script, 1, 'foo')).toBe('OK');
    expect(await client.send('CLUSTER', 'SETSLOT', 12182, 'STABLE')).toBe('OK');
  });

  test('a script does not find what has left already', async () => {
    const third = await RespClient.connect(cluster.ports[2] as number);
    const id = (await third.send('CLUSTER', 'MYID')) as string;
    third.close();
    await client.send('SET', 'bar', 1);
    expect(await client.send('CLUSTER', 'SETSLOT', 5061, 'MIGRATING', id)).toBe('OK');
    expect(await client.send('EVAL', 'return redis.call("get", KEYS[1])', 1, 'bar')).toBe('1');
    expect(await client.error('EVAL', 'return 1', 1, '{bar}.gone')).toBe(
      `ASK 5061 127.0.0.1:${cluster.ports[2]}`,
    );
    expect(await scriptError('return redis.call("get", "{bar}.gone")', 1, 'bar')).toBe(FOREIGN);
    expect(await client.send('CLUSTER', 'SETSLOT', 5061, 'STABLE')).toBe('OK');
  });
});
