import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { parseUpstream } from '../../src/upstream/upstream-address.ts';
import { model, startNode } from '../support/node.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';

describe.skipIf(noRedis !== undefined)('writes that a replica has to have', () => {
  let master: RedisServer;
  let replica: RedisServer;
  let node: TesseraNode;
  /** Before the same Redis: it waits for as long as a busy machine takes. */
  let patient: TesseraNode;
  let client: RespClient;
  let waiting: RespClient;
  beforeAll(async () => {
    master = await startRedis('--repl-diskless-sync-delay', '0');
    const before = (timeoutMs: number) =>
      startNode({}, 0, {
        redis: {
          address: parseUpstream(`127.0.0.1:${master.port}`),
          acknowledgement: { replicas: 1, timeoutMs },
        },
      });
    [node, patient] = await Promise.all([before(200), before(30_000)]);
    [client, waiting] = (await Promise.all([node, patient].map(({ port }) => RespClient.connect(port)))) as [
      RespClient,
      RespClient,
    ];
    replica = await startRedis('--replicaof', '127.0.0.1', String(master.port));
    await followed();
  });
  afterAll(async () => {
    client.close();
    waiting.close();
    await Promise.all([node.close(), patient.close()]);
    await Promise.all([master.stop(), replica.stop()]);
  });
  /** One that has just begun to follow says so before it has anything. */
  const followed = async () => {
    do await client.send('SET', 'seen', 1);
    while (Number(await client.send('WAIT', 1, 100)) < 1);
  };
  const atReplica = async (...args: string[]) => {
    const reader = await RespClient.connect(replica.port);
    try {
      return await reader.send(...args);
    } finally {
      reader.close();
    }
  };
  const stopReplicating = async () => void (await atReplica('REPLICAOF', 'NO', 'ONE'));
  const replicate = async () => {
    await atReplica('REPLICAOF', '127.0.0.1', String(master.port));
    await followed();
  };
  afterEach(replicate);
  const tooFew = 'NOREPLICAS The write was made, but 0 replicas instead of 1 acknowledged it within 200 ms';
  const run = (...outputs: string[]) => [
    'AI.MODELEXECUTE',
    'm',
    'INPUTS',
    2,
    't',
    't',
    'OUTPUTS',
    outputs.length,
    ...outputs,
  ];

  test('are there when they are acknowledged', async () => {
    expect(String(await waiting.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul')))).toBe('OK');
    expect(await atReplica('EXISTS', 'm')).toBe(1);
    const replies = await Promise.all([
      waiting.send('AI.TENSORSET', 't', 'FLOAT', 1, 2, 'VALUES', 1, 2),
      waiting.send(...run('o')),
      waiting.send('AI.TENSORGET', 'o', 'VALUES'),
    ]);
    expect(replies.map(String)).toEqual(['OK', 'OK', '1,4']);
    expect(await atReplica('EXISTS', 't', 'o')).toBe(2);
    await waiting.send('AI.MODELDEL', 'm');
    expect(await atReplica('EXISTS', 'm')).toBe(0);
  });

  test('are made all the same where it has not got them, and the client is told', async () => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await stopReplicating();
    const replies = await Promise.all([
      client.send('SET', 'k', 'v'),
      client.send('AI.TENSORSET', 't', 'FLOAT', 1, 2, 'VALUES', 3, 4),
      client.send('AI.TENSORGET', 't', 'VALUES'),
      client.send(...run('o')),
      client.send('AI.TENSORGET', 'o', 'VALUES'),
      client.send('AI.MODELDEL', 'm'),
      client.send('EXISTS', 'm'),
    ]);
    expect(replies.map((reply) => (reply instanceof Error ? reply.message : String(reply)))).toEqual([
      ...['OK', tooFew, '3,4', tooFew, '9,16', tooFew, '0'],
    ]);
  });

  test('are waited for behind EXEC, but not where nothing was written', async () => {
    const transaction = async (by: RespClient, ...command: (string | number)[]) => {
      await by.send('MULTI');
      await by.send(...command);
      return by.send('EXEC');
    };
    expect(String(await transaction(waiting, 'AI.TENSORSET', 't', 'FLOAT', 1, 'VALUES', 5))).toBe('OK');
    expect(await atReplica('EXISTS', 't')).toBe(1);
    await stopReplicating();
    expect(String(await transaction(client, 'AI.TENSORSET', 't', 'FLOAT', 1, 'VALUES', 6))).toContain(tooFew);
    expect(String(await transaction(client, 'AI.TENSORGET', 't', 'VALUES'))).toBe('6');
    expect(String(await transaction(client, 'SET', 'k', 'v'))).toBe('OK');
    await client.send('WATCH', 'k');
    const other = await RespClient.connect(node.port);
    await other.send('SET', 'k', 'w');
    other.close();
    expect(await transaction(client, 'AI.TENSORSET', 't', 'FLOAT', 1, 'VALUES', 7)).toBeNull();
  });

  test('are told of as such where the user may not wait', async () => {
    await client.send('ACL', 'SETUSER', 'ada', 'on', 'nopass', '~*', '+set', '+auth');
    const ada = await RespClient.connect(node.port);
    await ada.send('AUTH', 'ada', 'x');
    expect(await ada.error('AI.TENSORSET', 't', 'FLOAT', 1)).toMatch(
      /^NOREPLICAS The write was made, but Redis does not say which replicas have it: NOPERM .*'wait'/,
    );
    ada.close();
  });
});
