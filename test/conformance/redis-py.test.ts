import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EngineCluster, startEngineCluster } from '../support/engine-cluster.ts';
import { redisPy } from '../support/redis-py.ts';
import { tagOn } from '../support/slots.ts';
import { findPythonRedis } from '../support/tools.ts';

const python = findPythonRedis() as string;

let cluster: EngineCluster;

beforeAll(async () => {
  cluster = await startEngineCluster();
});
afterAll(async () => {
  expect(await cluster.stop()).toBe(0);
});

/** `client` is a cluster client, `tags` has a hash tag for each node. */
const PRELUDE = `
port, tags = args['port'], args['tags']
client = RedisCluster(host='127.0.0.1', port=port)
`;

/** Runs a Python program and gives what it shows. */
function python3(program: string): Promise<unknown[]> {
  const tags = [0, 1, 2].map((node) => tagOn(node, 'py'));
  return redisPy(python, PRELUDE + program, { port: cluster.ports[1], tags });
}

const onEachNode = (value: unknown) => [value, value, value];

describe.skipIf(python === undefined)('a redis-py cluster client', () => {
  test('keeps hashes, lists, sets and sorted sets on each node', async () => {
    const shown = await python3(`
for tag in tags:
    key = lambda name: '%s{%s}' % (name, tag)
    client.delete(*[key(name) for name in 'hlszk'])
    show([
        client.hset(key('h'), mapping={'a': 1, 'b': 'two'}), client.hgetall(key('h')),
        client.rpush(key('l'), 'x', 'y'), client.lrange(key('l'), 0, -1),
        client.sadd(key('s'), 'm', 'n'), client.smembers(key('s')),
        client.zadd(key('z'), {'low': 1.5, 'high': 2}), client.zrange(key('z'), 0, -1, withscores=True),
        client.set(key('k'), 'v', ex=100, nx=True), client.set(key('k'), 'w', nx=True), client.ttl(key('k')),
        client.mget(key('k'), key('none')), client.exists(key('k'), key('none')),
    ])
`);
    expect(shown).toEqual(
      onEachNode([
        ...[2, { a: '1', b: 'two' }, 2, ['x', 'y'], 2, ['m', 'n'], 2],
        // Pairs of member and score.
        Object.entries({ low: 1.5, high: 2 }),
        ...[true, null, 100, ['v', null], 1],
      ]),
    );
  });

  test('sends a pipeline that touches all nodes', async () => {
    const [set, got, sizes] = await python3(`
pipeline = client.pipeline()
for i in range(200):
    pipeline.set('pipe:%d' % i, i)
show(pipeline.execute())
for i in range(200):
    pipeline.get('pipe:%d' % i)
show(pipeline.execute())
show([len(client.keys('pipe:*', target_nodes=node)) for node in client.get_primaries()])
`);
    expect(set).toEqual(Array(200).fill(true));
    expect(got).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
    expect((sizes as number[]).every((size) => size > 40)).toBe(true);
    expect((sizes as number[]).reduce((a, b) => a + b)).toBe(200);
  });

  test('keys and fields are bytes', async () => {
    const shown = await python3(`
for tag in tags:
    key = b'\\x00\\xff\\r\\n{' + tag.encode() + b'}'
    value = bytes(range(256))
    client.delete(key, key + b'h', key + b't')
    show([
        client.set(key, value), client.get(key) == value,
        client.hset(key + b'h', value, value), client.hget(key + b'h', value) == value,
        client.execute_command('AI.TENSORSET', key + b't', 'UINT8', 256, 'BLOB', value),
        client.execute_command('AI.TENSORGET', key + b't', 'BLOB') == value,
    ])
`);
    expect(shown).toEqual(onEachNode([true, true, 1, true, 'OK', true]));
  });

  test('waits for what another client pushes', async () => {
    const shown = await python3(`
other = RedisCluster(host='127.0.0.1', port=port)
for tag in tags:
    queue = 'queue{%s}' % tag
    pushing = threading.Thread(target=lambda: other.rpush(queue, 'late'))
    pushing.start()
    show(client.blpop(queue, timeout=20)[1])
    pushing.join()
`);
    expect(shown).toEqual(onEachNode('late'));
  });

  test('scans all nodes, and asks all of them at once', async () => {
    const shown = await python3(`
client.flushall(target_nodes=RedisCluster.PRIMARIES)
for i in range(100):
    client.set('scan:%d' % i, i)
show(len(set(client.scan_iter('scan:*', count=20))))
show(client.dbsize(target_nodes=RedisCluster.PRIMARIES))
show(sorted(client.ping(target_nodes=RedisCluster.ALL_NODES) for _ in range(1)))
show(client.cluster_keyslot('foo'))
`);
    expect(shown).toEqual([100, 100, [true], 12182]);
  });

  test('a transaction runs on the node of its keys', async () => {
    const shown = await python3(`
for tag in tags:
    key = 'n{%s}' % tag
    node = client.get_redis_connection(client.get_node_from_key(key))
    transaction = node.pipeline(transaction=True)
    transaction.watch(key)
    transaction.multi()
    transaction.set(key, 41)
    transaction.incr(key)
    transaction.execute_command('AI.TENSORSET', 't{%s}' % tag, 'INT8', 2, 'VALUES', 1, -1)
    show(transaction.execute())
    transaction.watch(key)
    client.set(key, 'theirs')
    transaction.multi()
    transaction.set(key, 'mine')
    try:
        show(transaction.execute())
    except redis.WatchError as error:
        show(str(error))
`);
    expect(shown).toEqual([0, 1, 2].flatMap(() => [[true, 42, 'OK'], 'Watched variable changed.']));
  });

  test('its asyncio form does the same', async () => {
    const shown = await python3(`
async def main():
    cluster = redis.asyncio.cluster.RedisCluster(host='127.0.0.1', port=port)
    for tag in tags:
        key = 'async{%s}' % tag
        show([await cluster.set(key, 'v'), await cluster.get(key), await cluster.delete(key)])
    await cluster.close()
asyncio.run(main())
`);
    expect(shown).toEqual(onEachNode([true, 'v', 1]));
  });
});
