import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { SlotMap } from '../../cluster/slot-map.ts';
import { startProgress } from '../../src/cli/terminal/progress.ts';
import type { TesseraNode } from '../../src/node.ts';
import { Authority, noOpenssl } from '../access/certificates.ts';
import { freePorts, THIRDS } from '../support/cluster.ts';
import { startNode } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { newFile } from './copies.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(
  options: Parameters<typeof startNode>[2] = {},
  ...password: string[]
): Promise<{ node: TesseraNode; port: number; client: RespClient }> {
  const node = await startNode({}, 0, options);
  closers.push(() => node.close());
  const client = await RespClient.connect(node.port);
  closers.push(() => client.close());
  if (password.length > 0) await client.send('AUTH', ...password);
  return { node, port: node.port, client };
}

const root = path.join(import.meta.dirname, '../..');

/** Runs a tool as `npm run` does, and gives its exit code and what it printed, with FILE and PORT for what differs. */
function tool(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, ['src/backup/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, ...env },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  const masked = (text: string) =>
    args
      .filter((arg) => arg.endsWith('.rdb'))
      .reduce((shown, file) => shown.replaceAll(file, 'FILE'), text)
      .replaceAll(/127\.0\.0\.1:\d+/g, 'NODE')
      .replace(/in \d+\.\d s/, 'in TIME')
      .replace(/checksum [0-9a-f]{16}/, 'checksum CRC');
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    stdout: masked(stdout),
    stderr: masked(stderr),
  }));
  return { child, ended };
}

const run = (args: readonly string[], env?: NodeJS.ProcessEnv) => tool(args, env).ended;

test('a backup and its restore tell keys, bytes, time and checksum', async () => {
  const here = await start();
  await here.client.send('MSET', 'a', 1, 'b', 2);
  const file = newFile();
  const backup = await run(['backup', `127.0.0.1:${here.port}`, file]);
  const { size } = statSync(file);
  expect(backup).toEqual({
    code: 0,
    stdout: `FILE: 2 keys, ${size} B (${size} bytes) in TIME, checksum CRC\n`,
    stderr: '',
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const there = await start();
  expect(await run(['restore', file, `127.0.0.1:${there.port}`])).toEqual({
    code: 0,
    stdout: `restored 2 of 2 keys, ${size} B (${size} bytes) to NODE in TIME, checksum CRC\n`,
    stderr: '',
  });
  expect(await there.client.send('MGET', 'a', 'b')).toEqual(['1', '2']);
  expect(await run(['restore', file, `127.0.0.1:${there.port}`])).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'tessera: NODE has 2 keys: --flush empties it first, --replace overwrites those that the file has too\n',
  });
  expect((await run(['restore', '--replace', file, `127.0.0.1:${there.port}`])).code).toBe(0);
});

test('the same under the name tessera', async () => {
  const here = await start();
  await here.client.send('SET', 'a', 1);
  const file = newFile();
  const child = spawn(process.execPath, ['src/main.ts', 'backup', `127.0.0.1:${here.port}`, file], {
    cwd: root,
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(readFileSync(file, 'latin1').slice(0, 9)).toBe('REDIS0010');
});

test('a file that is there stays, unless it is to be replaced', async () => {
  const here = await start();
  await here.client.send('SET', 'a', 1);
  const file = newFile();
  writeFileSync(file, 'precious');
  expect(await run(['backup', `127.0.0.1:${here.port}`, file])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'tessera: FILE is there already: --force replaces it\n',
  });
  expect(readFileSync(file, 'utf8')).toBe('precious');
  expect((await run(['backup', '--force', `127.0.0.1:${here.port}`, file])).code).toBe(0);
  expect(readFileSync(file, 'latin1').slice(0, 5)).toBe('REDIS');
});

test('usage, unknown nodes and nodes that are away are told of', async () => {
  const [port] = await freePorts(1);
  const file = newFile();
  const usage = await run(['backup', 'node-1']);
  expect([usage.code, usage.stderr.split('\n')[0]]).toEqual([2, 'tessera: backup takes a node and a file']);
  expect((await run(['restore', '--nope', file, 'x'])).code).toBe(2);
  expect(await run(['backup', 'nobody', file])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'tessera: no node is named nobody in cluster.config.json, which has node-1, node-2, node-3\n',
  });
  expect(await run(['backup', `127.0.0.1:${port}`, file])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'tessera: cannot connect to NODE: connect ECONNREFUSED NODE\n',
  });
  expect(await run(['backup', 'redis://:geheim@', file])).toMatchObject({
    code: 1,
    stderr: 'tessera: not a URL such as redis://user:password@host:port: redis://\n',
  });
  expect(existsSync(file)).toBe(false);
});

describe('passwords', () => {
  test('come from the environment or the URL, and are asked for by the node', async () => {
    const { port } = await start({ access: { requirepass: 'pass word/1', protectedMode: true } });
    const node = `127.0.0.1:${port}`;
    expect(await run(['backup', node, newFile()])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'tessera: NODE: NOAUTH Authentication required.\n',
    });
    expect(await run(['backup', node, newFile()], { TESSERA_PASSWORD: 'wrong' })).toMatchObject({
      code: 1,
      stderr:
        'tessera: NODE does not let us in: WRONGPASS invalid username-password pair or user is disabled.\n',
    });
    for (const env of [{ TESSERA_PASSWORD: 'pass word/1' }, { REDISCLI_AUTH: 'pass word/1' }]) {
      expect((await run(['backup', node, newFile()], env)).code).toBe(0);
    }
    expect((await run(['backup', `redis://:pass%20word%2F1@${node}`, newFile()])).code).toBe(0);
  });

  test('of a user', async () => {
    const { port, client } = await start();
    await client.send('ACL', 'SETUSER', 'saver', 'on', '>secret', '+sync', '+replconf', '+info', '~*');
    const rights = ['+restore', '+ping', '+dbsize', '+cluster', '+config|get', '+flushall'];
    await client.send('ACL', 'SETUSER', 'loader', 'on', '>secret', '~*', ...rights);
    await client.send('ACL', 'SETUSER', 'default', 'off');
    await client.send('SET', 'k', 'v');
    const url = `redis://saver:secret@127.0.0.1:${port}`;
    const file = newFile();
    expect((await run(['backup', url, file])).code).toBe(0);
    const restored = await run(['restore', '--flush', file, url.replace('saver', 'loader')]);
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    const byName = ['backup', '--user', 'saver', `127.0.0.1:${port}`, newFile()];
    expect((await run(byName, { TESSERA_PASSWORD: 'secret' })).code).toBe(0);
    await client.send('ACL', 'SETUSER', 'saver', '-sync');
    expect(await run(['backup', url, newFile()])).toEqual({
      code: 1,
      stdout: '',
      stderr: "tessera: NODE: NOPERM this user has no permissions to run the 'sync' command\n",
    });
  });
});

if (noOpenssl !== undefined) console.warn(`skipped: backup over TLS, ${noOpenssl}`);
test.skipIf(noOpenssl !== undefined)(
  'over TLS the node shows its certificate, and may want one',
  async () => {
    const authority = new Authority();
    const files = { ...authority.issue('server'), caCertFile: authority.certFile };
    const { node, client } = await start({ tls: { port: 0, files, authClients: 'yes' } });
    await client.send('SET', 'a', 1);
    const url = `rediss://127.0.0.1:${node.tlsPort}`;
    const own = authority.issue('client');
    const certificate = ['--cert', own.certFile, '--key', own.keyFile];
    expect(await run(['backup', url, newFile(), ...certificate])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^tessera: cannot connect to NODE: .*certificate/),
    });
    const trusting = ['--cacert', authority.certFile, ...certificate];
    expect((await run(['backup', url, newFile(), ...trusting])).code).toBe(0);
    const plain = ['--tls', `127.0.0.1:${node.tlsPort}`, newFile()];
    expect((await run(['backup', ...plain, '--insecure', ...certificate])).code).toBe(0);
  },
);

test('a node of the cluster is called by its name', async () => {
  const ports = await freePorts(3);
  const places = ports.map((port, i) => ({
    name: `node-${i + 1}`,
    host: '127.0.0.1',
    port,
    slots: [THIRDS[i] as string],
  }));
  const config = path.join(mkdtempSync(path.join(tmpdir(), 'tessera-')), 'cluster.config.json');
  writeFileSync(config, JSON.stringify({ engine: 'embedded', requirepass: 'secret', nodes: places }));
  const [, second] = places as [unknown, (typeof places)[number]];
  await start({
    name: second.name,
    port: second.port,
    slots: new SlotMap(places, second.name),
    access: { requirepass: 'secret', protectedMode: true },
  });
  const file = newFile();
  expect(await run(['backup', '--config', config, 'node-2', file])).toMatchObject({ code: 0, stderr: '' });
  expect((await run(['restore', '--config', config, file, 'node-2'])).code).toBe(0);
});

describe('a backup that does not end', () => {
  /** A server that answers everything with OK, and SYNC with the beginning of a copy. */
  async function broken(ending: (socket: net.Socket) => void): Promise<string> {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        if (!data.includes('SYNC')) socket.write('+OK\r\n');
        else socket.write(`\n\n$EOF:${'m'.repeat(40)}\r\nREDIS0010`, () => ending(socket));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  }

  test('since the server goes away leaves no file', async () => {
    const file = newFile();
    const node = await broken((socket) => socket.end());
    expect(await run(['backup', node, file])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'tessera: NODE closed the connection before the copy was complete\n',
    });
    expect(readdirSync(path.dirname(file))).toEqual([]);
  });

  test('since what came is no whole file leaves no file', async () => {
    const file = newFile();
    const node = await broken((socket) => socket.write('m'.repeat(40)));
    expect(await run(['backup', node, file])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'tessera: FILE.part cannot be used: it is cut off\n',
    });
    expect(readdirSync(path.dirname(file))).toEqual([]);
  });

  test('since it is interrupted leaves no file', async () => {
    const file = newFile();
    let began: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      began = resolve;
    });
    const node = await broken(() => began());
    const { child, ended } = tool(['backup', node, file]);
    await begun;
    while (!existsSync(`${file}.part`)) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGINT');
    expect(await ended).toEqual({ code: 130, stdout: '', stderr: 'tessera: interrupted\n' });
    expect(readdirSync(path.dirname(file))).toEqual([]);
  });
});

describe('progress', () => {
  function output(isTTY: boolean) {
    const stream = Object.assign(new PassThrough().setEncoding('utf8'), { isTTY });
    return { stream, text: () => (stream.read() as string | null) ?? '' };
  }

  test('is a bar on a terminal', () => {
    const { stream, text } = output(true);
    const progress = startProgress({ label: 'reading', total: 4_194_304, output: stream });
    progress.update(2_097_152);
    progress.stop();
    expect(text()).toMatch(/reading \[=+ +\] 50% {2}2\.0 MiB of 4\.0 MiB {2}[\d.]+ [KMGT]?i?B\/s/);
  });

  test('grows beyond a guess', () => {
    const { stream, text } = output(true);
    const progress = startProgress({ label: 'backup', total: 1000, isGuess: true, output: stream });
    progress.update(2000);
    progress.stop();
    expect(text()).toMatch(/\] 100% {2}2\.0 KiB of about 2\.0 KiB/);
  });

  test('is a line from time to time elsewhere', async () => {
    const { stream, text } = output(false);
    const options = { label: 'reading', total: 2048, output: stream, lineIntervalMs: 5 };
    const progress = startProgress(options);
    progress.update(1024);
    await once(stream, 'readable');
    progress.stop();
    expect(text().split('\n')[0]).toMatch(/^reading: 1\.0 KiB of 2\.0 KiB, [\d.]+ [KMGT]?i?B\/s$/);
  });
});
