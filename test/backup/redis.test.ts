import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startNode } from '../support/node.ts';
import { noRedis, startRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { run } from '../support/run.ts';
import { aiKeys, contentsOf, nativeKeys, newFile, putBack, runAll, takeBackup } from './copies.ts';

if (noRedis !== undefined) console.warn(`skipped: files of Redis and for Redis, ${noRedis}`);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function connect(port: number): Promise<RespClient> {
  const client = await RespClient.connect(port);
  closers.push(() => client.close());
  return client;
}

async function startHere(): Promise<{ port: number; client: RespClient }> {
  const node = await startNode({}, 0, { durability: { mode: 'off', volatileTensors: [] } });
  closers.push(() => node.close());
  return { port: node.port, client: await connect(node.port) };
}

async function startTheirs(...options: string[]): Promise<{ port: number; client: RespClient }> {
  const redis = await startRedis(...options);
  closers.push(() => redis.stop());
  return { port: redis.port, client: await connect(redis.port) };
}

describe.skipIf(noRedis !== undefined)('with a real Redis 7.0', () => {
  test('a backup is a file that it checks and loads', async () => {
    const here = await startHere();
    await runAll(here.client, nativeKeys);
    const { file } = await takeBackup(here.port);
    const check = execFileSync('redis-check-rdb', [file], { encoding: 'utf8' });
    expect(check).toContain('\\o/ RDB looks OK! \\o/');
    expect(check).toContain(`[info] ${nativeKeys.length} keys read`);
    const folder = mkdtempSync(path.join(tmpdir(), 'tessera-redis-'));
    copyFileSync(file, path.join(folder, 'dump.rdb'));
    const theirs = await startTheirs('--dir', folder);
    expect(await contentsOf(theirs.port)).toEqual(await contentsOf(here.port));
  });

  test('redis-cli --rdb and --functions-rdb work', async () => {
    const here = await startHere();
    await runAll(here.client, [...nativeKeys, ...aiKeys.slice(0, 3)]);
    const file = newFile();
    const taken = await run('redis-cli', ['-p', String(here.port), '--rdb', file]);
    const { length } = readFileSync(file);
    expect([taken.code, taken.stderr.trimEnd().split('\n').at(-1)]).toEqual([
      0,
      `Transfer finished with success after ${length} bytes`,
    ]);
    const there = await startHere();
    await putBack(file, there.port);
    expect(await contentsOf(there.port)).toEqual(await contentsOf(here.port));
    const none = newFile();
    expect((await run('redis-cli', ['-p', String(here.port), '--functions-rdb', none])).code).toBe(0);
    expect(execFileSync('redis-check-rdb', [none], { encoding: 'utf8' })).toContain('[info] 0 keys read');
  });

  test.each([
    ['small collections packed', ['--repl-diskless-sync-delay', '0']],
    [
      'nothing packed, nothing compressed',
      [
        ...['--hash-max-listpack-entries', '0', '--zset-max-listpack-entries', '0', '--rdbcompression', 'no'],
        ...['--set-max-intset-entries', '0', '--list-max-listpack-size', '1', '--rdbchecksum', 'no'],
        // The length is told then, not the end.
        ...['--repl-diskless-sync', 'no'],
      ],
    ],
  ])('its own file is restored, %s', async (_, options) => {
    const theirs = await startTheirs(...options);
    await runAll(theirs.client, nativeKeys);
    const { file, summary } = await takeBackup(theirs.port);
    expect(summary.keys).toBe(nativeKeys.length);
    const here = await startHere();
    expect(await putBack(file, here.port)).toMatchObject({ failed: [], skipped: new Map() });
    expect(await contentsOf(here.port)).toEqual(await contentsOf(theirs.port));
  });

  test('the file that it saves is restored too; what is not known here is counted', async () => {
    const theirs = await startTheirs();
    await runAll(theirs.client, [
      ['SET', 'a', 1],
      ['XADD', 'stream', '1-1', 'f', 'v'],
      ['XADD', 'stream', '2-1', 'f', 'v'],
      ['XGROUP', 'CREATE', 'stream', 'group', '0'],
      ['XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', 1, 'STREAMS', 'stream', '>'],
      ['XDEL', 'stream', '1-1'],
      ['XADD', 'second', '1-1', 'f', 'v'],
      ['FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 1 end)"],
      ['SET', 'b', 2],
      ['SELECT', 3],
      ['SET', 'elsewhere', 1],
      ['SAVE'],
    ]);
    const [, folder] = (await theirs.client.send('CONFIG', 'GET', 'dir')) as string[];
    const here = await startHere();
    expect(await putBack(path.join(folder as string, 'dump.rdb'), here.port)).toMatchObject({
      restored: 2,
      failed: [],
      skipped: new Map([
        ['function libraries', 1],
        ['keys of type stream', 2],
        ['keys of database 3', 1],
      ]),
    });
    expect(Object.keys(await contentsOf(here.port))).toEqual(['a', 'b']);
  });

  test('keys that it has no type for are told one by one', async () => {
    const here = await startHere();
    await runAll(here.client, [...nativeKeys.slice(0, 2), ...aiKeys.slice(0, 1)]);
    const { file } = await takeBackup(here.port);
    const theirs = await startTheirs();
    const main = path.join(import.meta.dirname, '../../src/backup/main.ts');
    const { code, stdout, stderr } = await run(process.execPath, [
      ...[main, 'restore', file, `127.0.0.1:${theirs.port}`],
    ]);
    expect([code, stdout.slice(0, 21), stderr]).toEqual([
      1,
      'restored 2 of 3 keys,',
      '"tensor" was refused: ERR Bad data format\ntessera: 1 keys were refused\n',
    ]);
    expect(Object.keys(await contentsOf(theirs.port))).toEqual(['number', 'string']);
  });
});
