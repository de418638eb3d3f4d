import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { parseUpstream } from '../../src/upstream/upstream-address.ts';
import { model, startNode } from '../support/node.ts';
import { type RedisNodes, startRedisNodes } from '../support/redis-nodes.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { entryPoint } from '../support/torch-scripts.ts';
import { TypedClient } from '../support/typed-client.ts';

describe.skipIf(noRedis !== undefined)('a TorchScript function, where a Redis has the keys', () => {
  let redis: RedisServer;
  let node: TesseraNode;
  let client: TypedClient;

  beforeAll(async () => {
    redis = await startRedis();
    node = await startNode({}, 0, {
      redis: { address: parseUpstream(`127.0.0.1:${redis.port}`) },
    });
  });
  afterAll(async () => {
    await node.close();
    await redis.stop();
  });

  const store = async (...lines: string[]) => {
    const source = entryPoint('f', ...lines);
    expect(await client.send('AI.SCRIPTSTORE', 's', 'CPU', 'ENTRY_POINTS', 1, 'f', 'SOURCE', source)).toBe(
      '+OK',
    );
  };

  describe.each([2, 3])('RESP%i', (protocol) => {
    beforeEach(async () => {
      client?.close();
      client = await TypedClient.connect(node.port);
      await client.send('HELLO', protocol);
      await client.send('FLUSHALL');
      await client.send('RPUSH', 'list', 'x', 'y');
      await client.send('HSET', 'hash', 'f', 'größe');
      await client.send('ZADD', 'zset', 1.5, 'm');
      await client.send('SADD', 'set', 'one');
    });

    test.each([
      ['SET other v', 'OK'],
      ['GET none', 'None'],
      ['LLEN list', '2'],
      ['LRANGE list 0 -1', '[x, y]'],
      ['HGETALL hash', '[f, größe]'],
      ['SMEMBERS set', '[one]'],
      ['ZSCORE zset m', '1.5'],
      ['HSCAN hash 0', '[0, [f, größe]]'],
      ['XLEN none', '0'],
    ])('%s gives %s', async (command, text) => {
      await store('redis.execute("SET", "reply", str(redis.execute(args[0], args[1:])))');
      const words = command.split(' ');
      expect(
        await client.send('AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 0, 'ARGS', words.length, ...words),
      ).toBe('+OK');
      const reply = Buffer.from(String(await client.send('GET', 'reply')), 'latin1').toString();
      expect(reply.replaceAll("'", '')).toBe(`$${text}`);
    });

    test.each([
      [
        'redis.execute("LPUSH", "hash", "v")',
        'WRONGTYPE Operation against a key holding the wrong kind of value',
      ],
      ['redis.execute("MULTI")', 'ERR This Redis command is not allowed from script'],
      ['redis.execute("SELECT", "1")', 'ERR This Redis command is not allowed from script'],
      [
        'redis.execute("XREAD", "block", 0, "STREAMS", "s", "$")',
        'ERR This Redis command is not allowed from script',
      ],
      [
        'redis.execute("AI.TENSORGET", "a")',
        'ERR AI commands are not available to redis.execute where a Redis has the keys',
      ],
      ['redisAI.model_execute("none", [], 1)', 'ERR model key is empty'],
      [
        'redisAI.model_execute("list", [], 1)',
        'WRONGTYPE Operation against a key holding the wrong kind of value',
      ],
    ])('%s fails, and the client goes on', async (line, message) => {
      await store(line);
      expect(await client.send('AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 0)).toBe(
        `-${message} (<string>:2 in f)`,
      );
      expect(await client.send('GET', 'none')).toBe(protocol === 3 ? '_' : null);
    });

    test('runs models, also ones that KEYS does not name, and stores what it gives', async () => {
      await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
      await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 2, 3);
      await store(
        'redis.execute("INCR", "n")',
        'return redisAI.model_execute("m", [tensors[0], tensors[0]], 1)',
      );
      const call = ['AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 1, 'a', 'OUTPUTS', 1, 'b'];
      expect([await client.send(...call), await client.send(...call)]).toEqual(['+OK', '+OK']);
      const double = (text: string) => `${protocol === 3 ? ',' : '$'}${text}`;
      expect(await client.send('AI.TENSORGET', 'b', 'VALUES')).toEqual([double('4'), double('9')]);
      expect(await client.send('GET', 'n')).toBe('$2');
    });

    test('runs experiments, whose models KEYS does not name either', async () => {
      await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
      await client.send('AI.MODELSTORE', 'n', 'ONNX', 'CPU', 'BLOB', model('mul'));
      await client.send('AI.EXPERIMENT', 'SET', 'e', 'PRIMARY', 'm', 'CANDIDATES', 1, 'n');
      await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'VALUES', 2, 3);
      await store('return redisAI.model_execute("e", [tensors[0], tensors[0]], 1)');
      expect(await client.send('AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 1, 'a', 'OUTPUTS', 1, 'b')).toBe(
        '+OK',
      );
      const double = (text: string) => `${protocol === 3 ? ',' : '$'}${text}`;
      expect(await client.send('AI.TENSORGET', 'b', 'VALUES')).toEqual([double('4'), double('9')]);
      const runs = () => node.context.experiments.reports()[0]?.arms.map((arm) => arm.runs);
      await expect.poll(runs, { timeout: 20_000 }).toEqual([1, 1]);
    });

    test('answers in the order of the commands', async () => {
      await store('redis.execute("RPUSH", "order", "script")');
      const replies = await Promise.all([
        client.send('RPUSH', 'order', 'before'),
        client.send('AI.SCRIPTEXECUTE', 's', 'f', 'INPUTS', 0),
        client.send('RPUSH', 'order', 'after'),
        client.send('LRANGE', 'order', 0, -1),
      ]);
      expect(replies).toEqual([':1', '+OK', ':3', ['$before', '$script', '$after']]);
    });
  });
});

describe.skipIf(noRedis !== undefined)('a TorchScript function before a Redis Cluster', () => {
  let cluster: RedisNodes;
  beforeAll(async () => {
    cluster = await startRedisNodes(3);
  });
  afterAll(() => cluster.stop());

  test('reaches the slot that its script lies in, and no other', async () => {
    const [first = 0] = cluster.ports;
    const tags = Array.from({ length: 100 }, (_, i) => `{t${i}}`);
    const [own, near] = tags.filter((tag) => cluster.portOf(tag) === first) as [string, string];
    const far = tags.find((tag) => cluster.portOf(tag) !== first) as string;
    const client = await TypedClient.connect(first);
    const source = entryPoint('f', 'redis.execute(args[0], args[1:])');
    await client.send('AI.SCRIPTSTORE', `${own}s`, 'CPU', 'ENTRY_POINTS', 1, 'f', 'SOURCE', source);
    const call = (...words: string[]) =>
      client.send('AI.SCRIPTEXECUTE', `${own}s`, 'f', 'INPUTS', 0, 'ARGS', words.length, ...words);
    expect(await call('SET', `${own}k`, 'v')).toBe('+OK');
    expect(await client.send('GET', `${own}k`)).toBe('$v');
    const crossSlot =
      '-ERR Script attempted to access keys that do not hash to the same slot (<string>:2 in f)';
    expect(await call('SET', `${near}k`, 'v')).toBe(crossSlot);
    expect(await call('SET', `${far}k`, 'v')).toBe(crossSlot);
    // A command that this server does not know: Redis says where its key is.
    expect(await call('XADD', `${far}k`, '*', 'f', 'v')).toBe(
      '-ERR Script attempted to access a non local key in a cluster node (<string>:2 in f)',
    );
    client.close();
  });
});
