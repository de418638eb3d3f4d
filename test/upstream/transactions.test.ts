import { describe, expect, test } from 'vitest';
import { startNodeBeforeRedis } from '../support/engine.ts';
import { model } from '../support/node.ts';
import { noRedis } from '../support/redis-server.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed, TypedClient } from '../support/typed-client.ts';

const SOURCE = 'def f(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0]\n';
const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';

describe.skipIf(noRedis !== undefined).each([2, 3] as const)(
  'a transaction of a node before a Redis, RESP%i',
  (protocol) => {
    const shared = useSharedNode(startNodeBeforeRedis);
    const connect = async () => {
      const client = await shared.connectTyped();
      if (protocol === 3) await client.send('HELLO', 3);
      return client;
    };
    /** Sends lines, which all are to be queued, and gives what EXEC answers. */
    const transaction = async (client: TypedClient, ...commands: (string | (string | Uint8Array)[])[]) => {
      expect(await client.send('MULTI')).toBe('+OK');
      const queued = commands.map((command) =>
        client.send(...((typeof command === 'string' ? command.split(' ') : command) as [string])),
      );
      expect(await Promise.all(queued)).toEqual(commands.map(() => '+QUEUED'));
      return (await client.send('EXEC')) as Typed[];
    };
    const one = protocol === 3 ? ',1' : '$1';
    const store = (key: string, name = 'mul') => [
      ...['AI.MODELSTORE', key, 'ONNX', 'CPU', 'BLOB'],
      model(name),
    ];
    const storeScript = (key: string) => [
      ...['AI.SCRIPTSTORE', key, 'CPU', 'ENTRY_POINTS', '1', 'f', 'SOURCE', SOURCE],
    ];

    test('stores, reads and deletes models and scripts, each answer in its place', async () => {
      const client = await connect();
      expect(
        await transaction(
          client,
          ...['SET k v', store('m'), storeScript('s'), 'AI.TENSORSET t FLOAT 1 VALUES 1'],
          ...['AI.TENSORGET t VALUES', 'AI.CONFIG GET MODEL_CHUNK_SIZE', 'GET k', 'AI.INFO none'],
        ),
      ).toEqual([
        ...['+OK', '+OK', '+OK', '+OK', [one], ':535822336', '$v'],
        expect.stringMatching(/^-ERR cannot find run info for key/),
      ]);
      await client.send(...'AI.TENSORSET in FLOAT 1 2 VALUES 2 3'.split(' '));
      const run = 'AI.MODELEXECUTE m INPUTS 2 in in OUTPUTS 1 out'.split(' ');
      expect(await client.send(...run)).toBe('+OK');
      expect(
        await transaction(client, ...['AI.MODELDEL m', 'AI.SCRIPTDEL s', 'EXISTS m s', 'AI.MODELDEL m']),
      ).toEqual(['+OK', '+OK', ':0', '-ERR model key is empty']);
      expect(await client.send(...run)).toBe('-ERR model key is empty');
    });

    test('leaves alone what is of another kind, and says so in its place', async () => {
      const client = await connect();
      await client.send('RPUSH', 'l', 'v');
      await client.send('SET', 'k', 'v');
      await client.send(...(store('m') as [string]));
      expect(
        await transaction(
          client,
          ...['AI.MODELDEL l', 'AI.SCRIPTDEL k', 'AI.SCRIPTDEL m', 'AI.MODELDEL none', store('l')],
          ...[storeScript('m'), 'INCR n'],
        ),
      ).toEqual([
        ...[WRONG_TYPE, WRONG_TYPE, WRONG_TYPE, '-ERR model key is empty', WRONG_TYPE, WRONG_TYPE, ':1'],
      ]);
      expect(await client.send('EXISTS', 'l', 'k', 'm')).toBe(':3');
    });

    test('answers what is wrong with a value in its place, the others run', async () => {
      const client = await connect();
      const replies = await transaction(
        client,
        ...['INCR n', 'AI.TENSORSET t NONE 1', ['AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', 'no model']],
        ...['AI.MODELEXECUTE m INPUTS 1 t OUTPUTS 1 o', 'INCR n'],
      );
      expect(replies[0]).toBe(':1');
      expect(replies[1]).toBe('-ERR invalid data type');
      expect(replies[2]).toMatch(/^-Failed to load model/);
      expect(replies[3]).toBe('-ERR Cannot run RedisAI command within a transaction or a LUA script');
      expect(replies[4]).toBe(':2');
      expect(await client.send('EXISTS', 't', 'm')).toBe(':0');
    });

    test.each([
      ['AI.TENSORSET t', "-ERR wrong number of arguments for 'AI.TENSORSET' command"],
      ['AI._MODELSCAN', '-ERR AI._MODELSCAN cannot run within a transaction where a Redis has the keys'],
      [
        'AI.EXPERIMENT SET e PRIMARY m CANDIDATES 1 n',
        '-ERR AI.EXPERIMENT SET cannot run within a transaction where a Redis has the keys',
      ],
      ['AI.NOPE x', /^-ERR unknown command 'AI.NOPE'/],
      ['GET', "-ERR wrong number of arguments for 'get' command"],
    ])('%s is refused at once, and EXEC runs none', async (words, error) => {
      const client = await connect();
      await client.send('MULTI');
      expect(await client.send('SET', 'k', 'v')).toBe('+QUEUED');
      const refused = (await client.send(...(words.split(' ') as [string]))) as string;
      if (typeof error === 'string') expect(refused.toLowerCase()).toBe(error.toLowerCase());
      else expect(refused).toMatch(error);
      expect(await client.send(...(store('m') as [string]))).toBe('+QUEUED');
      expect(await client.send('EXEC')).toBe('-EXECABORT Transaction discarded because of previous errors.');
      expect(await client.send('EXISTS', 'k', 'm')).toBe(':0');
      expect(await client.send('PING')).toBe('+PONG');
    });

    test('is given up by DISCARD and by a watched key, and nothing of it is left', async () => {
      const [client, other] = [await connect(), await connect()];
      await client.send('MULTI');
      await client.send(...(store('m') as [string]));
      expect(await client.send('DISCARD')).toBe('+OK');
      await client.send('WATCH', 'm');
      expect(await other.send(...(store('m', 'two_outputs') as [string]))).toBe('+OK');
      await client.send('MULTI');
      await client.send('AI.MODELDEL', 'm');
      await client.send('INCR', 'n');
      expect(await client.send('EXEC')).toBe(protocol === 3 ? '_' : null);
      expect(await client.send('EXISTS', 'm', 'n')).toBe(':1');
      expect(await transaction(client, 'AI.MODELDEL m')).toEqual(['+OK']);
    });

    test('may be pipelined with what follows, also where a model is loaded for it', async () => {
      const client = await connect();
      const sent = ['MULTI', store('m'), 'AI.TENSORSET t FLOAT 1 VALUES 1', 'AI.TENSORGET t VALUES', 'EXEC'];
      const after = ['GET k', 'AI.TENSORGET t VALUES', 'AI.MODELDEL m', 'PING'];
      const replies = [...sent, ...after].map((words) =>
        client.send(...((typeof words === 'string' ? words.split(' ') : words) as [string])),
      );
      expect(await Promise.all(replies)).toEqual([
        ...['+OK', '+QUEUED', '+QUEUED', '+QUEUED', ['+OK', '+OK', [one]]],
        ...[protocol === 3 ? '_' : null, [one], '+OK', '+PONG'],
      ]);
    });

    test('has commands of Redis whose replies are changed on their way', async () => {
      const client = await connect();
      const [info, ai] = (await transaction(client, 'INFO server', 'INFO ai_versions')) as string[];
      expect(info).toMatch(/redis_version:/);
      expect(ai).toMatch(/ai_/);
    });
  },
);
