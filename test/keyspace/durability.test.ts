import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { model } from '../support/node.ts';
import { encode, RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServeOn } from '../support/serve.ts';

let data: string;
let node: ServedNode;
let client: RespClient;

async function start(...options: string[]): Promise<void> {
  node = await startServeOn(data, ...options);
  client = await RespClient.connect(node.port);
}

async function restart(how: 'stop' | 'kill' = 'stop', ...options: string[]): Promise<void> {
  client.close();
  await node[how]();
  await start(...options);
}

beforeEach(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  await start();
});

afterEach(async () => {
  client.close();
  await node.kill();
});

function logs(): string[] {
  return readdirSync(data)
    .filter((name) => name.startsWith('log-'))
    .map((name) => path.join(data, name));
}

const SCRIPT = 'def f(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0]\n';

describe.each(['stop', 'kill'] as const)('after the end of the process by %s', (how) => {
  test.each([false, true])('every type is there again (checkpoint before: %s)', async (checkpoint) => {
    const many = Array.from({ length: 2000 }, (_, i) => `element-${i}`);
    const writes: (string | number | Uint8Array)[][] = [
      ['SET', 'string', 'value'],
      ['SET', Buffer.from([0, 255, 13, 10]), Buffer.from([1, 0, 255])],
      ['SET', 'k'.repeat(5000), 'long key'],
      ['RPUSH', 'list', ...many],
      ['HSET', 'hash', ...many],
      ['SADD', 'set', ...many],
      ['ZADD', 'zset', ...many.flatMap((member, i) => [i / 3, member])],
      ['AI.TENSORSET', 'tensor', 'FLOAT', 50, 50],
      ['AI.TENSORSET', 'strings', 'STRING', 2, 'VALUES', 'one', 'two'],
      ['AI.MODELSTORE', 'model', 'ONNX', 'CPU', 'TAG', 't', 'BATCHSIZE', 4, 'BLOB', model('mul')],
      ['AI.SCRIPTSTORE', 'script', 'CPU', 'TAG', 't', 'ENTRY_POINTS', 1, 'f', 'SOURCE', SCRIPT],
      ['SET', 'expiring', 'v', 'PX', 100_000],
      ['SET', 'gone', 'v'],
    ];
    for (const write of writes) expect(await client.send(...write)).not.toBeInstanceOf(Error);
    if (checkpoint) expect(await client.send('SAVE')).toBe('OK');
    // In place, behind the checkpoint.
    const changes: (string | number)[][] = [
      ['LPUSH', 'list', 'first'],
      ['LINSERT', 'list', 'AFTER', 'element-5', 'inserted'],
      ['LREM', 'list', 1, 'element-7'],
      ['LSET', 'list', -1, 'last'],
      ['LTRIM', 'list', 1, -2],
      ['HSET', 'hash', 'element-0', 'changed'],
      ['HDEL', 'hash', 'element-2'],
      ['SREM', 'set', 'element-1'],
      ['ZINCRBY', 'zset', 0.5, 'element-9'],
      ['ZREM', 'zset', 'element-10'],
      ['DEL', 'gone'],
    ];
    for (const change of changes) expect(await client.send(...change)).not.toBeInstanceOf(Error);
    const reads: (string | number | Uint8Array)[][] = [
      ['GET', 'string'],
      ['GET', Buffer.from([0, 255, 13, 10])],
      ['GET', 'k'.repeat(5000)],
      ['LRANGE', 'list', 0, -1],
      ['HGETALL', 'hash'],
      ['SORT', 'set', 'ALPHA'],
      ['ZRANGE', 'zset', 0, -1, 'WITHSCORES'],
      ['AI.TENSORGET', 'tensor'],
      ['AI.TENSORGET', 'strings'],
      ['AI.MODELGET', 'model'],
      ['AI.SCRIPTGET', 'script'],
      ['EXISTS', 'gone'],
      ['DBSIZE'],
    ];
    const sorted = (reply: unknown) => JSON.stringify(reply);
    const before = await Promise.all(reads.map((read) => client.send(...read)));
    await restart(how);
    const after = await Promise.all(reads.map((read) => client.send(...read)));
    expect(after.map(sorted)).toEqual(before.map(sorted));
    const ttl = Number(await client.send('PTTL', 'expiring'));
    expect(ttl).toBeGreaterThan(50_000);
    expect(ttl).toBeLessThanOrEqual(100_000);
    // The model gets its session when it is first used.
    await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 2, 3);
    expect(await client.send('AI.MODELEXECUTE', 'model', 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y')).toBe(
      'OK',
    );
    expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['4', '9']);
  });

  test('FLUSHALL stays, and what was written behind it', async () => {
    await client.send('MSET', 'a', 1, 'b', 2);
    await client.send('SAVE');
    await client.send('SET', 'c', 3);
    await client.send('FLUSHALL');
    await client.send('SET', 'b', 4);
    await restart(how);
    expect(await client.send('MGET', 'a', 'b', 'c')).toEqual([null, '4', null]);
  });
});

test('a log that is cut off or damaged is read up to there', async () => {
  for (let i = 0; i < 10; i++) await client.send('SET', `k${i}`, i);
  client.close();
  await node.kill();
  const log = logs().at(-1) as string;
  truncateSync(log, statSync(log).size - 3);
  await start();
  expect(await client.send('MGET', 'k8', 'k9')).toEqual(['8', null]);
  await client.send('SET', 'k9', 'again');
  client.close();
  await node.kill();
  appendFileSync(logs().at(-1) as string, Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
  await start();
  expect(await client.send('GET', 'k9')).toBe('again');
});

test('a transaction is there whole or not at all', async () => {
  await client.send('MULTI');
  for (let i = 0; i < 100; i++) await client.send('SET', `k${i}`, 'x'.repeat(100));
  await client.send('EXEC');
  client.close();
  await node.kill();
  const log = logs().at(-1) as string;
  truncateSync(log, statSync(log).size - 1);
  await start();
  expect(await client.send('DBSIZE')).toBe(0);
});

test('a second node on the same folder refuses to start, also after the first was killed once', async () => {
  await restart('kill');
  const main = path.join(import.meta.dirname, '../../src/main.ts');
  const args = [main, 'serve', '--port', '0', '--data', data];
  const second = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  expect(second.status).toBe(1);
  expect(second.stderr).toBe(`tessera: the data folder ${data} is in use by process ${node.pid}\n`);
  expect(await client.send('PING')).toBe('PONG');
});

test('volatile tensors stay in memory only; what else is under such keys is kept', async () => {
  await restart('stop', '--volatile-tensors', 'tmp:*', '--volatile-tensors', '*.TMP');
  await client.send('AI.TENSORSET', 'tmp:a', 'FLOAT', 1);
  await client.send('AI.TENSORSET', 'b.TMP', 'FLOAT', 1);
  await client.send('AI.TENSORSET', 'c', 'FLOAT', 1);
  await client.send('SET', 'tmp:s', 'v');
  await restart('kill');
  expect(await client.send('KEYS', '*')).toEqual(expect.arrayContaining(['c', 'tmp:s']));
  expect(await client.send('DBSIZE')).toBe(2);
});

test('a checkpoint lets the log begin anew', async () => {
  const blob = new Uint8Array(1_000_000);
  for (let i = 0; i < 10; i++) await client.send('AI.TENSORSET', 'k', 'UINT8', blob.length, 'BLOB', blob);
  const info = async (field: string) =>
    Number(new RegExp(`${field}:(\\d+)`).exec(String(await client.send('INFO', 'persistence')))?.[1]);
  expect(await info('aof_current_size')).toBeGreaterThan(10_000_000);
  expect(await info('rdb_changes_since_last_save')).toBe(1);
  const before = Number(await client.send('LASTSAVE'));
  expect(await client.send('SAVE')).toBe('OK');
  expect(await info('aof_current_size')).toBe(0);
  expect(await info('rdb_changes_since_last_save')).toBe(0);
  expect(Number(await client.send('LASTSAVE'))).toBeGreaterThanOrEqual(before);
  // The header of a file.
  expect(logs().map((log) => statSync(log).size)).toEqual([16]);
});

test('CONFIG SET durability takes effect and refuses what is none', async () => {
  expect(await client.send('CONFIG', 'GET', 'durability')).toEqual(['durability', 'everysec']);
  for (const mode of ['always', 'off', 'everysec']) {
    expect(await client.send('CONFIG', 'SET', 'durability', mode)).toBe('OK');
    expect(await client.send('SET', 'k', mode)).toBe('OK');
  }
  expect(await client.error('CONFIG', 'SET', 'durability', 'never')).toBe(
    "ERR CONFIG SET failed (possibly related to argument 'durability') - argument must be always, everysec or off",
  );
});

test('one command may change more keys than a call of a function takes arguments', async () => {
  const pairs = Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i]);
  client.socket.write(encode(['MSET', ...pairs.flat()]));
  expect(await client.reply()).toBe('OK');
  await restart('kill');
  await vi.waitFor(async () => expect(await client.send('DBSIZE')).toBe(70_000), { timeout: 20_000 });
  expect([await client.send('DBSIZE'), await client.send('GET', 'k69999')]).toEqual([70_000, '69999']);
});
