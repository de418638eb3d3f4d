import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServeOn } from '../support/serve.ts';

let data: string;
let node: ServedNode;
let client: RespClient;

async function start(...options: string[]): Promise<void> {
  node = await startServeOn(data, '--enable-debug-command', 'yes', ...options);
  client = await RespClient.connect(node.port);
}

async function restart(how: 'stop' | 'kill', ...options: string[]): Promise<void> {
  client.close();
  await node[how]();
  await start(...options);
}

async function setting(name: string): Promise<unknown> {
  const [, value] = (await client.send('CONFIG', 'GET', name)) as [string, unknown];
  return value;
}

async function info(field: string): Promise<string | undefined> {
  const text = String(await client.send('INFO', 'everything'));
  return new RegExp(`^${field}:(.*)\r$`, 'm').exec(text)?.[1];
}

beforeEach(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  await start();
});

afterEach(async () => {
  client.close();
  await node.kill();
});

test.each(['stop', 'kill'] as const)(
  'settings and users outlast the end of the process by %s',
  async (how) => {
    await client.send('CONFIG', 'SET', 'maxmemory', '1gb', 'slowlog-max-len', '7');
    await client.send('CONFIG', 'SET', 'maxclients', '77');
    await client.send('CONFIG', 'SET', 'maxclients', '10000');
    await client.send('AI.CONFIG', 'MODEL_CHUNK_SIZE', '12345');
    await client.send('ACL', 'SETUSER', 'reader', 'on', '>secret', '~model:*', '+@read');
    await client.send('ACL', 'SETUSER', 'gone', 'on', '>secret');
    await client.send('ACL', 'DELUSER', 'gone');
    await client.send('ACL', 'SETUSER', 'default', '-debug');
    const users = await client.send('ACL', 'LIST');
    await restart(how);
    expect(await setting('maxmemory')).toBe(String(1024 ** 3));
    expect(await setting('slowlog-max-len')).toBe('7');
    expect(await setting('maxclients')).toBe('10000');
    expect(await client.send('AI.CONFIG', 'GET', 'MODEL_CHUNK_SIZE')).toBe(12345);
    expect(await client.send('ACL', 'LIST')).toEqual(users);
    expect(await client.send('AUTH', 'reader', 'secret')).toBe('OK');
  },
);

test('the latest word counts: a command line that has changed since', async () => {
  await client.send('CONFIG', 'SET', 'maxmemory', '1gb');
  await restart('stop', '--maxmemory', '2gb');
  expect(await setting('maxmemory')).toBe(String(2 * 1024 ** 3));
  await client.send('CONFIG', 'SET', 'maxmemory', '3gb');
  await restart('stop', '--maxmemory', '2gb');
  expect(await setting('maxmemory')).toBe(String(3 * 1024 ** 3));
});

test('a password that was set at run time is asked for after a restart, one that is configured later counts instead', async () => {
  await client.send('CONFIG', 'SET', 'requirepass', 'first');
  await client.send('ACL', 'SETUSER', 'other', 'on', '>other', '+ping');
  await restart('kill');
  expect(await client.error('GET', 'k')).toBe('NOAUTH Authentication required.');
  expect(await client.send('AUTH', 'first')).toBe('OK');
  await restart('stop', '--requirepass', 'second');
  expect(await client.error('AUTH', 'first')).toBe(
    'WRONGPASS invalid username-password pair or user is disabled.',
  );
  expect(await client.send('AUTH', 'second')).toBe('OK');
  expect(await client.send('AUTH', 'other', 'other')).toBe('OK');
});

test('with a file of users it is the file that counts', async () => {
  await client.send('ACL', 'SETUSER', 'kept', 'on', '>secret');
  const aclfile = path.join(data, 'users.acl');
  writeFileSync(aclfile, 'user default on nopass ~* &* +@all\n');
  await restart('stop', '--aclfile', aclfile);
  expect(await client.send('ACL', 'USERS')).toEqual(['default']);
  await client.send('ACL', 'SETUSER', 'unsaved', 'on');
  await restart('stop', '--aclfile', aclfile);
  expect(await client.send('ACL', 'USERS')).toEqual(['default']);
});

test('DEBUG RELOAD reads all keys back from the disk', async () => {
  await client.send('RPUSH', 'list', 'a', 'b');
  await client.send('AI.TENSORSET', 'tensor', 'FLOAT', 2000);
  await client.send('AI.MODELSTORE', 'model', 'ONNX', 'CPU', 'BLOB', model('mul'));
  const before = Number(await info('used_memory_dataset'));
  expect(await client.send('DEBUG', 'RELOAD')).toBe('OK');
  expect(Number(await info('used_memory_dataset'))).toBeLessThan(before - 7000);
  expect(await client.send('DBSIZE')).toBe(3);
  expect(await client.send('RPUSH', 'list', 'c')).toBe(3);
  expect(await client.send('AI.TENSORGET', 'tensor', 'META')).toEqual(['dtype', 'FLOAT', 'shape', [2000]]);
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 2, 'VALUES', 2, 3);
  expect(await client.send('AI.MODELEXECUTE', 'model', 'INPUTS', 2, 'x', 'x', 'OUTPUTS', 1, 'y')).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['4', '9']);
});

test('models are loaded at the start where that is asked for', async () => {
  await client.send('AI.MODELSTORE', 'model', 'ONNX', 'CPU', 'BLOB', model('mul'));
  const sessions = () => info('ai_sessions');
  await restart('stop');
  expect(await sessions()).toBe('0');
  await restart('stop', '--warmup', 'eager');
  const deadline = Date.now() + 20_000;
  while ((await sessions()) !== '1' && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await sessions()).toBe('1');
});

test('SHUTDOWN NOSAVE leaves no checkpoint and loses nothing', async () => {
  await client.send('SET', 'k', 'v');
  void client.send('SHUTDOWN', 'NOSAVE').catch(() => {});
  expect(await node.exited).toBe(0);
  await start();
  expect(await info('aof_current_size')).toBe('0');
  expect(await info('rdb_changes_since_last_save')).toBe('1');
  expect(await client.send('GET', 'k')).toBe('v');
});
