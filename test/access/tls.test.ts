import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import type { TlsOptions } from '../../src/protocol/tls-options.ts';
import { encode, RespClient } from '../support/resp-client.ts';
import { Authority, noOpenssl, type Pair } from './certificates.ts';
import { startAccessNode, temporaryFolder } from './nodes.ts';

if (noOpenssl !== undefined) console.log(`TLS tests skipped: ${noOpenssl}`);

let authority: Authority;
let server: Pair;
let clientPair: Pair;
let node: TesseraNode | undefined;

beforeAll(() => {
  if (noOpenssl !== undefined) return;
  authority = new Authority();
  server = authority.issue('server');
  clientPair = authority.issue('client');
});
afterEach(async () => {
  await node?.close();
  node = undefined;
});

async function start(authClients: TlsOptions['authClients'], extra = {}): Promise<TesseraNode> {
  const files = { ...server, caCertFile: authority.certFile };
  node = await startAccessNode({ tls: { port: 0, files, authClients }, ...extra });
  return node;
}

const contents = (pair: Pair) => ({ cert: readFileSync(pair.certFile), key: readFileSync(pair.keyFile) });

/** Sends a command over TLS and gives what comes back until the server closes, or up to the first line end. */
async function exchange(options: tls.ConnectionOptions, ...args: string[]): Promise<string> {
  const socket = tls.connect({ host: '127.0.0.1', port: node?.tlsPort ?? 0, ca: authority.ca, ...options });
  let received = '';
  const done = new Promise<string>((resolve) => {
    socket.on('data', (data) => {
      received += data;
      if (received.endsWith('\r\n')) resolve(received);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(`error ${error.code}`));
    socket.on('close', () => resolve(received === '' ? 'closed' : received));
  });
  socket.write(encode(args));
  const answer = await done;
  socket.destroy();
  return answer;
}

const isRefused = expect.stringMatching(/^(error|closed)/);

describe.skipIf(noOpenssl !== undefined)('TLS', () => {
  test('serves next to the plain port, and in place of it', async () => {
    const both = await start('no');
    expect(await exchange({}, 'PING')).toBe('+PONG\r\n');
    const plain = await RespClient.connect(both.port);
    expect(await plain.send('PING')).toBe('PONG');
    expect(await plain.send('CONFIG', 'GET', 'tls-port')).toEqual(['tls-port', String(both.tlsPort)]);
    plain.close();
    await both.close();
    const only = await start('no', { port: null });
    expect(only.port).toBe(0);
    expect(await exchange({}, 'PING')).toBe('+PONG\r\n');
    expect(await exchange({}, 'CONFIG', 'GET', 'port')).toBe('*2\r\n$4\r\nport\r\n$1\r\n0\r\n');
  });

  test('speaks to no client that is not TLS, and to none that does not trust it', async () => {
    await start('no');
    const plain = await RespClient.connect(node?.tlsPort ?? 0);
    await expect(plain.send('PING')).rejects.toThrow('connection closed');
    expect(await exchange({ ca: new Authority().ca }, 'PING')).toEqual(isRefused);
    expect(await exchange({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }, 'PING')).toEqual(isRefused);
    expect(await exchange({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }, 'PING')).toBe('+PONG\r\n');
  });

  test('asks for a client certificate where tls-auth-clients is yes', async () => {
    await start('yes');
    const stranger = new Authority().issue('stranger');
    expect(await exchange(contents(clientPair), 'PING')).toBe('+PONG\r\n');
    expect(await exchange({}, 'PING')).toEqual(isRefused);
    expect(await exchange(contents(stranger), 'PING')).toEqual(isRefused);
    const closing = { ...contents(clientPair), host: 'localhost' };
    expect(await exchange(closing, 'PING')).toBe('+PONG\r\n');
  });

  test('takes a right one or none where it is optional', async () => {
    await start('optional');
    const stranger = new Authority().issue('stranger');
    expect(await exchange(contents(clientPair), 'PING')).toBe('+PONG\r\n');
    expect(await exchange({}, 'PING')).toBe('+PONG\r\n');
    expect(await exchange(contents(stranger), 'PING')).toEqual(isRefused);
  });

  test('does not start with files that are of no use', async () => {
    const wrong = async (
      files: Partial<TlsOptions['files']>,
      authClients: TlsOptions['authClients'] = 'no',
    ) =>
      startAccessNode({
        tls: { port: 0, files: { certFile: '', keyFile: '', caCertFile: '', ...files }, authClients },
      });
    await expect(wrong({})).rejects.toThrow('No tls-cert-file configured!');
    await expect(wrong({ certFile: server.certFile })).rejects.toThrow('No tls-key-file configured!');
    await expect(wrong({ ...server, keyFile: clientPair.keyFile })).rejects.toThrow('key values mismatch');
    await expect(wrong({ ...server, certFile: '/nowhere.crt' })).rejects.toThrow('ENOENT');
    await expect(wrong(server, 'yes')).rejects.toThrow('tls-ca-cert-file must be specified');
  });

  test('large payloads arrive whole in both directions', async () => {
    await start('no');
    const client = createClient({
      url: `rediss://127.0.0.1:${node?.tlsPort}`,
      socket: { tls: true, ca: authority.ca },
    });
    await client.connect();
    const blob = Buffer.alloc(3_000_000 * 4, 'tensor bytes over TLS');
    await client.sendCommand(['AI.TENSORSET', 't', 'FLOAT', '3000000', 'BLOB', blob]);
    const back = await client.sendCommand(['AI.TENSORGET', 't', 'BLOB'], { typeMapping: { 36: Buffer } });
    expect(blob.equals(back as unknown as Buffer)).toBe(true);
    // Many small ones in one write, cut anywhere.
    const echoed = await Promise.all(Array.from({ length: 2000 }, (_, i) => client.echo(`message ${i}`)));
    expect(echoed).toEqual(Array.from({ length: 2000 }, (_, i) => `message ${i}`));
    await client.close();
  });

  test('serves node-redis and ioredis as users of their own', async () => {
    await start('yes', { access: { requirepass: 'geheim' } });
    const admin = await RespClient.connect(node?.port ?? 0);
    await admin.send('AUTH', 'geheim');
    await admin.send('ACL', 'SETUSER', 'ada', 'on', '>pw', '+@all', '-@dangerous', '+info', '~ada:*');
    const redis = createClient({
      RESP: 3,
      username: 'ada',
      password: 'pw',
      socket: {
        port: node?.tlsPort ?? 0,
        host: '127.0.0.1',
        tls: true,
        ca: authority.ca,
        ...contents(clientPair),
      },
    });
    await redis.connect();
    await redis.set('ada:k', 'v');
    await expect(redis.get('bob:k')).rejects.toThrow(/^NOPERM /);
    expect(await redis.aclWhoAmI()).toBe('ada');
    await redis.close();
    const io = new Redis({
      port: node?.tlsPort ?? 0,
      username: 'ada',
      password: 'pw',
      tls: { ca: authority.ca, ...contents(clientPair) },
    });
    expect(await io.get('ada:k')).toBe('v');
    await expect(io.set('bob:k', 1)).rejects.toThrow(/^NOPERM /);
    await io.quit();
    admin.close();
  });

  test('a deleted user loses TLS connections too', async () => {
    await start('no');
    const admin = await RespClient.connect(node?.port ?? 0);
    await admin.send('ACL', 'SETUSER', 'ada', 'on', '>pw', '+ping');
    const socket = tls.connect({ host: '127.0.0.1', port: node?.tlsPort ?? 0, ca: authority.ca });
    socket.write(encode(['AUTH', 'ada', 'pw']));
    await once(socket, 'data');
    const closed = once(socket, 'close');
    expect(await admin.send('ACL', 'DELUSER', 'ada')).toBe(1);
    await closed;
    admin.close();
  });
});

describe.skipIf(noOpenssl !== undefined)('CONFIG SET tls-cert-file', () => {
  /** Subject of the certificate that new clients are shown. */
  async function shown(): Promise<string> {
    const socket = tls.connect({ host: '127.0.0.1', port: node?.tlsPort ?? 0, ca: authority.ca });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  }
  const refusal = (name: string) =>
    `ERR CONFIG SET failed (possibly related to argument '${name}') - Unable to update TLS configuration. Check server logs.`;

  test('reads renewed files, of the same name or others', async () => {
    await start('no');
    const admin = await RespClient.connect(node?.port ?? 0);
    expect(await shown()).toBe('server');
    const folder = temporaryFolder();
    const [certFile, keyFile] = [path.join(folder, 'live.crt'), path.join(folder, 'live.key')];
    const put = (pair: Pair) => {
      copyFileSync(pair.certFile, certFile);
      copyFileSync(pair.keyFile, keyFile);
    };
    put(authority.issue('second'));
    expect(await admin.send('CONFIG', 'SET', 'tls-cert-file', certFile, 'tls-key-file', keyFile)).toBe('OK');
    expect(await shown()).toBe('second');
    put(authority.issue('third'));
    expect(await shown()).toBe('second');
    expect(await admin.send('CONFIG', 'SET', 'tls-cert-file', certFile)).toBe('OK');
    expect(await shown()).toBe('third');
    admin.close();
  });

  test('keeps the old ones when the new ones are of no use', async () => {
    await start('no');
    const admin = await RespClient.connect(node?.port ?? 0);
    expect(await admin.error('CONFIG', 'SET', 'tls-cert-file', '/nowhere.crt')).toBe(
      refusal('tls-cert-file'),
    );
    expect(await admin.error('CONFIG', 'SET', 'tls-key-file', clientPair.keyFile)).toBe(
      refusal('tls-key-file'),
    );
    expect(await admin.send('CONFIG', 'GET', 'tls-cert-file')).toEqual(['tls-cert-file', server.certFile]);
    expect(await admin.send('CONFIG', 'GET', 'tls-key-file')).toEqual(['tls-key-file', server.keyFile]);
    expect(await shown()).toBe('server');
    admin.close();
  });
});

describe.skipIf(noOpenssl !== undefined)('handshakes', () => {
  test('that are under way count as clients', async () => {
    await start('no');
    const admin = await RespClient.connect(node?.port ?? 0);
    await admin.send('CONFIG', 'SET', 'maxclients', 2);
    const idle = await RespClient.connect(node?.tlsPort ?? 0);
    const oneTooMany = await RespClient.connect(node?.tlsPort ?? 0);
    await expect(oneTooMany.reply()).rejects.toThrow('connection closed');
    idle.close();
    await expect.poll(() => exchange({}, 'PING')).toBe('+PONG\r\n');
    admin.close();
  });
});
