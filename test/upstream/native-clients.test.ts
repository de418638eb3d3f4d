import slotOf from 'cluster-key-slot';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { redisPy } from '../support/redis-py.ts';
import { noRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { tagOn } from '../support/slots.ts';
import { findPythonRedis } from '../support/tools.ts';

const NODES = [0, 1, 2] as const;
const python = findPythonRedis() as string;

describe.skipIf(noRedis !== undefined)('nodes before a Redis Cluster with replicas', () => {
  let cluster: RedisNodes;
  beforeAll(async () => {
    cluster = await startRedisNodes(3, 1);
  });
  afterAll(() => cluster.stop());

  describe.each([2, 3] as const)('a node-redis cluster client over RESP%i', (RESP) => {
    const open = () => createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${cluster.ports[0]}` }], RESP });
    let client: ReturnType<typeof open>;
    beforeAll(async () => {
      client = open();
      await client.connect();
    });
    afterAll(() => client.close());

    test.each(NODES)('has streams with groups on node %i, and waits for entries', async (node) => {
      const key = `stream{${tagOn(node, `x${RESP}`)}}`;
      await client.xGroupCreate(key, 'g', '$', { MKSTREAM: true });
      const waiting = client.duplicate();
      await waiting.connect();
      const read = waiting.xReadGroup('g', 'c', { key, id: '>' }, { BLOCK: 30_000 });
      const plain = client.duplicate();
      await plain.connect();
      const seen = plain.xRead({ key, id: '0-0' }, { BLOCK: 30_000 });
      const id = await client.xAdd(key, '*', { f: 'v' });
      for (const reply of [await read, await seen]) expect(JSON.stringify(reply)).toContain(id);
      expect(await client.xAck(key, 'g', id)).toBe(1);
      expect(await client.xLen(key)).toBe(1);
      await Promise.all([waiting.close(), plain.close()]);
    });

    test.each(NODES)('has Lua on node %i: EVAL, EVALSHA, functions', async (node) => {
      const key = `lua{${tagOn(node, `l${RESP}`)}}`;
      const script = "redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], tonumber(ARGV[1]) + 1}";
      expect(await client.eval(script, { keys: [key], arguments: ['41'] })).toEqual([key, 42]);
      const owner = await client.nodeClient(client.getSlotMaster(slotOf(key)) as never);
      const sha = await owner.scriptLoad('return redis.call("GET", KEYS[1])');
      expect(await client.evalSha(sha, { keys: [key], arguments: [] })).toBe('41');
      await expect(client.evalSha('f'.repeat(40), { keys: [key], arguments: [] })).rejects.toThrow(
        'NOSCRIPT',
      );
      await owner.functionLoad(
        "#!lua name=lib\nredis.register_function('twice', function(keys) return 2 * redis.call('GET', keys[1]) end)",
        { REPLACE: true },
      );
      expect(await client.fCall('twice', { keys: [key], arguments: [] })).toBe(82);
    });

    test('has values of 20 MB, and tensors of as many', async () => {
      const value = 'v'.repeat(20_000_000);
      expect(await client.set('big', value)).toBe('OK');
      expect(await client.get('big')).toBe(value);
      const set = ['AI.TENSORSET', 'big-tensor', 'UINT8', String(value.length), 'BLOB', value];
      expect(await client.sendCommand('big-tensor', false, set)).toBe('OK');
      expect(await client.sendCommand('big-tensor', true, ['AI.TENSORGET', 'big-tensor', 'BLOB'])).toBe(
        value,
      );
    });
  });

  test('an ioredis cluster client reads from replicas, scans all nodes and subscribes to channels', async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: cluster.ports[0] as number }], {
      scaleReads: 'slave',
    });
    const keys = Array.from({ length: 60 }, (_, i) => `scan:${i}`);
    await Promise.all(keys.map((key) => client.set(key, key)));
    await Promise.all(keys.map((key) => expect.poll(() => client.get(key)).toBe(key)));
    const found: string[] = [];
    for (const node of client.nodes('master')) {
      for await (const page of node.scanStream({ match: 'scan:*', count: 7 })) found.push(...page);
    }
    expect(found.sort()).toEqual([...keys].sort());
    const subscriber = new Cluster([{ host: '127.0.0.1', port: cluster.ports[1] as number }]);
    const message = new Promise((resolve) => subscriber.on('message', (...of) => resolve(of)));
    await subscriber.subscribe('news');
    await client.publish('news', 'hello');
    expect(await message).toEqual(['news', 'hello']);
    subscriber.disconnect();
    client.disconnect();
  });

  test('users of the cluster are those of its Redis', async () => {
    const [port = 0] = cluster.ports;
    for (const node of cluster.ports) {
      const admin = await RespClient.connect(node);
      await admin.send('ACL', 'SETUSER', 'ada', 'on', '>pw', '~*', '+@all', '-del');
      admin.close();
    }
    const options = { redisOptions: { username: 'ada', password: 'pw' } };
    const client = new Cluster([{ host: '127.0.0.1', port }], options);
    for (const node of NODES) {
      const key = tagOn(node, 'acl');
      expect(await client.call('AI.TENSORSET', key, 'INT32', 1, 'VALUES', 7)).toBe('OK');
      expect(await client.call('AI.TENSORGET', key, 'VALUES')).toEqual([7]);
      await expect(client.del(key)).rejects.toThrow('NOPERM');
    }
    client.disconnect();
  });

  test('EXEC whose slot has moved meanwhile is sent to the node that has it', async () => {
    const [from, to] = [tagOn(0, 'moved'), cluster.ports[1] as number];
    const slot = slotOf(from);
    const [client, admin, target] = await Promise.all(
      [cluster.portOf(from), cluster.portOf(from), to].map((port) => RespClient.connect(port)),
    );
    const id = String(await target?.send('CLUSTER', 'MYID'));
    const own = String(await admin?.send('CLUSTER', 'MYID'));
    await client?.send('MULTI');
    expect(await client?.send('AI.TENSORSET', from, 'INT32', 1)).toBe('QUEUED');
    expect(await client?.send('AI.TENSORGET', from, 'VALUES')).toBe('QUEUED');
    for (const node of [target, admin]) await node?.send('CLUSTER', 'SETSLOT', slot, 'NODE', id);
    expect(await client?.error('EXEC')).toBe(`MOVED ${slot} 127.0.0.1:${to}`);
    for (const node of [admin, target]) await node?.send('CLUSTER', 'SETSLOT', slot, 'NODE', own);
    for (const one of [client, admin, target]) one?.close();
  });

  test.skipIf(python === undefined)('a redis-py cluster client finds the keys of AI commands', async () => {
    const shown = await redisPy(
      python,
      `
client = RedisCluster(host='127.0.0.1', port=args['port'])
for tag in args['tags']:
    key = lambda name: '%s{%s}' % (name, tag)
    show([
        client.execute_command('AI.MODELSTORE', key('m'), 'ONNX', 'CPU', 'BLOB', args['model'].encode('latin1')),
        client.execute_command('AI.TENSORSET', key('t'), 'FLOAT', 1, 2, 'VALUES', 3, 4),
        client.execute_command('AI.MODELEXECUTE', key('m'), 'INPUTS', 2, key('t'), key('t'), 'OUTPUTS', 1, key('o')),
        client.execute_command('AI.DAGEXECUTE', 'LOAD', 1, key('t'), '|>', 'AI.TENSORGET', key('t'), 'VALUES'),
        client.execute_command('AI.TENSORGET', key('o'), 'VALUES'),
    ])
`,
      {
        port: cluster.ports[2],
        tags: NODES.map((node) => tagOn(node, 'py')),
        model: model('mul').toString('latin1'),
      },
    );
    expect(shown).toEqual(NODES.map(() => ['OK', 'OK', 'OK', [['3', '4']], ['9', '16']]));
  });
});
