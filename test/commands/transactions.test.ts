import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { onRedis, startEngineNode } from '../support/engine.ts';
import { model } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';

let node: TesseraNode;
let client: RespClient;
let other: RespClient;

beforeEach(async () => {
  node = await startEngineNode();
  client = await RespClient.connect(node.port);
  other = await RespClient.connect(node.port);
});

afterEach(async () => {
  client.close();
  other.close();
  await node.close();
});

describe('MULTI', () => {
  test('commands are queued, then run in order', async () => {
    expect(await client.send('MULTI')).toBe('OK');
    expect(await client.send('SET', 'k', 'v')).toBe('QUEUED');
    expect(await client.send('GET', 'k')).toBe('QUEUED');
    expect(await other.send('EXISTS', 'k')).toBe(0);
    expect(await client.send('EXEC')).toEqual(['OK', 'v']);
  });

  test.skipIf(onRedis('to it AI values are strings'))(
    'an error of a command is its reply, the others run',
    async () => {
      await client.send('AI.TENSORSET', 't', 'FLOAT', 1);
      await client.send('MULTI');
      await client.send('GET', 't');
      await client.send('SET', 'k', 1);
      const [error, ok] = (await client.send('EXEC')) as unknown[];
      expect((error as Error).message).toBe(
        'WRONGTYPE Operation against a key holding the wrong kind of value',
      );
      expect(ok).toBe('OK');
    },
  );

  test('a command that cannot be queued aborts EXEC', async () => {
    await client.send('MULTI');
    expect(await client.error('GET')).toBe("ERR wrong number of arguments for 'get' command");
    expect(await client.send('SET', 'k', 1)).toBe('QUEUED');
    expect(await client.error('EXEC')).toBe('EXECABORT Transaction discarded because of previous errors.');
    expect(await client.send('EXISTS', 'k')).toBe(0);
  });

  test('DISCARD drops the queue; MULTI does not nest; EXEC and DISCARD need MULTI', async () => {
    await client.send('MULTI');
    expect(await client.error('MULTI')).toBe('ERR MULTI calls can not be nested');
    await client.send('SET', 'k', 1);
    expect(await client.send('DISCARD')).toBe('OK');
    expect(await client.send('EXISTS', 'k')).toBe(0);
    expect(await client.error('EXEC')).toBe('ERR EXEC without MULTI');
    expect(await client.error('DISCARD')).toBe('ERR DISCARD without MULTI');
  });

  test('tensors are set and read inside, models do not run', async () => {
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('MULTI');
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
    await client.send('AI.TENSORGET', 'x', 'VALUES');
    await client.send('AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y');
    const [set, got, run] = (await client.send('EXEC')) as unknown[];
    expect([set, got]).toEqual(['OK', ['1']]);
    expect((run as Error).message).toBe(
      'ERR Cannot run RedisAI command within a transaction or a LUA script',
    );
  });

  test('a model stored inside answers in its place', async () => {
    await client.send('MULTI');
    await client.send('SET', 'k', 1);
    await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
    await client.send('GET', 'k');
    expect(await client.send('EXEC')).toEqual(['OK', 'OK', '1']);
    expect(await client.send('EXISTS', 'm')).toBe(1);
  });
});

describe('WATCH', () => {
  const changes: [string, (string | number)[]][] = [
    ['is set', ['SET', 'k', 'other']],
    ['is deleted', ['DEL', 'k']],
    ['gets an expiry', ['EXPIRE', 'k', 100]],
    ['is renamed', ['RENAME', 'k', 'k2']],
    ['goes with all others', ['FLUSHALL']],
  ];
  test.each(changes)('EXEC answers null when a watched key %s', async (_, change) => {
    await client.send('SET', 'k', 1);
    expect(await client.send('WATCH', 'k')).toBe('OK');
    await other.send(...change);
    await client.send('MULTI');
    await client.send('SET', 'done', 1);
    expect(await client.send('EXEC')).toBe(null);
    expect(await client.send('EXISTS', 'done')).toBe(0);
  });

  test('EXEC runs when only other keys changed, and after UNWATCH', async () => {
    await client.send('WATCH', 'k', 'l');
    await other.send('SET', 'm', 1);
    await client.send('MULTI');
    expect(await client.error('WATCH', 'z')).toBe('ERR WATCH inside MULTI is not allowed');
    await client.send('DISCARD');
    await client.send('WATCH', 'k');
    await other.send('SET', 'k', 1);
    expect(await client.send('UNWATCH')).toBe('OK');
    await client.send('MULTI');
    await client.send('PING');
    expect(await client.send('EXEC')).toEqual(['PONG']);
  });
});
