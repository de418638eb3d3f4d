import { existsSync, lstatSync, statSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { createClient } from 'redis';
import { afterEach, describe, expect, test } from 'vitest';
import { isLoopback } from '../../src/access/loopback.ts';
import type { TesseraNode } from '../../src/node.ts';
import { noRedis, startRedis } from '../support/redis-server.ts';
import { RespClient } from '../support/resp-client.ts';
import { startAccessNode, temporaryFolder } from './nodes.ts';
import { RawClient } from './raw-client.ts';

const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;
const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === '::1');
if (ownAddress === undefined) console.log('protected mode tests skipped: no address but loopback');
if (!hasIPv6) console.log('IPv6 tests skipped: no ::1');

let node: TesseraNode | undefined;
afterEach(async () => {
  await node?.close();
  node = undefined;
});

describe.skipIf(ownAddress === undefined)('protected mode', () => {
  const host = ownAddress ?? '';

  test('lets only this machine in while there is no password', async () => {
    node = await startAccessNode({ host: '0.0.0.0' });
    const denied = await RawClient.connect({ host, port: node.port });
    expect(await denied.untilClosed()).toMatch(
      /^-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user\. /,
    );
    const local = await RespClient.connect(node.port);
    expect(await local.send('CONFIG', 'GET', 'protected-mode')).toEqual(['protected-mode', 'yes']);
    expect(await local.send('INFO', 'stats')).toMatch(/rejected_connections:1\r\n/);
    local.close();
  });

  test('the refusal reaches a client that has already sent something', async () => {
    node = await startAccessNode({ host: '0.0.0.0' });
    const denied = await RawClient.connect({ host, port: node.port });
    denied.socket.write('PING\r\n'.repeat(1000));
    expect(await denied.untilClosed()).toMatch(/^-DENIED .*outside\.\r\n$/);
  });

  test('lets everybody in with a password, after an ACL rule, or when turned off', async () => {
    node = await startAccessNode({ host: '0.0.0.0', access: { requirepass: 'x' } });
    const withPassword = await RawClient.connect({ host, port: node.port });
    expect(await withPassword.send('\r\n', 'PING')).toBe('-NOAUTH Authentication required.\r\n');
    withPassword.close();
    await node.close();
    node = await startAccessNode({ host: '0.0.0.0' });
    const local = await RespClient.connect(node.port);
    expect(await local.send('CONFIG', 'SET', 'protected-mode', 'no')).toBe('OK');
    const remote = await RawClient.connect({ host, port: node.port });
    expect(await remote.send('\r\n', 'PING')).toBe('+PONG\r\n');
    expect(await local.send('CONFIG', 'SET', 'protected-mode', 'yes')).toBe('OK');
    expect(await remote.send('\r\n', 'PING')).toBe('+PONG\r\n');
    expect(await local.send('ACL', 'SETUSER', 'default', 'resetpass', '>pw')).toBe('OK');
    const later = await RawClient.connect({ host, port: node.port });
    expect(await later.send('\r\n', 'AUTH', 'pw')).toBe('+OK\r\n');
    for (const client of [local, remote, later]) client.close();
  });

  test.skipIf(noRedis !== undefined)('denies in the very words of Redis', async () => {
    const redis = await startRedis('--bind', '0.0.0.0');
    node = await startAccessNode({ host: '0.0.0.0' });
    const [theirs, ours] = await Promise.all(
      [redis.port, node.port].map(async (port) => (await RawClient.connect({ host, port })).untilClosed()),
    );
    expect(ours).toBe(theirs);
    await redis.stop();
  });
});

test('loopback is 127.0.0.0/8 and ::1', () => {
  const addresses = [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '::ffff:127.0.0.1',
    '128.0.0.1',
    '10.127.0.1',
    '::2',
    '',
  ];
  expect(addresses.map(isLoopback)).toEqual([true, true, true, true, false, false, false, false]);
});

describe('bind', () => {
  test('several addresses share a port', async () => {
    const host = ['127.0.0.1', '127.0.0.2', ...(hasIPv6 ? ['::1'] : []), '-192.0.2.254'];
    node = await startAccessNode({ host });
    for (const address of host.slice(0, -1)) {
      const client = await RawClient.connect({ host: address, port: node.port });
      expect(await client.send('\r\n', 'PING')).toBe('+PONG\r\n');
      client.close();
    }
    const client = await RespClient.connect(node.port);
    expect(await client.send('CONFIG', 'GET', 'bind')).toEqual(['bind', host.join(' ')]);
    client.close();
  });

  test('an address that is not of this machine keeps the node from starting', async () => {
    await expect(startAccessNode({ host: ['127.0.0.1', '192.0.2.254'] })).rejects.toThrow('EADDRNOTAVAIL');
  });

  test.skipIf(!hasIPv6)('CLIENT LIST writes IPv6 addresses in brackets', async () => {
    node = await startAccessNode({ host: '::1' });
    const client = await RawClient.connect({ host: '::1', port: node.port });
    expect(await client.send('\n\r\n', 'CLIENT', 'LIST')).toMatch(/ addr=\[::1\]:\d+ laddr=\[::1\]:\d+ /);
    client.close();
  });
});

describe('a unix socket', () => {
  test('serves with the mode that was asked for, and is gone when the node is', async () => {
    const file = path.join(temporaryFolder(), 't.sock');
    node = await startAccessNode({ port: null, unixSocket: { path: file, mode: 0o700 } });
    expect(statSync(file).mode & 0o777).toBe(0o700);
    const raw = await RawClient.connect({ path: file });
    expect(await raw.send('\n\r\n', 'CLIENT', 'LIST')).toMatch(
      new RegExp(`id=1 addr=${file}:0 laddr=${file}:0 .* flags=U `),
    );
    expect(await raw.send('700\r\n', 'CONFIG', 'GET', 'unixsocketperm')).toContain('unixsocketperm');
    raw.close();
    const redis = createClient({ RESP: 3, socket: { path: file, tls: false } });
    await redis.connect();
    const blob = Buffer.alloc(4_000_000, 'x');
    await redis.set('k', blob);
    expect((await redis.get('k'))?.length).toBe(4_000_000);
    await redis.close();
    await node.close();
    expect(existsSync(file)).toBe(false);
  });

  test('takes the place of a socket that was left behind, and of nothing else', async () => {
    const file = path.join(temporaryFolder(), 't.sock');
    const first = await startAccessNode({ unixSocket: { path: file, mode: null } });
    node = await startAccessNode({ unixSocket: { path: file, mode: null } });
    const raw = await RawClient.connect({ path: file });
    expect(await raw.send('\r\n', 'PING')).toBe('+PONG\r\n');
    raw.close();
    await first.close();
    const other = path.join(temporaryFolder(), 'precious');
    writeFileSync(other, 'data');
    await expect(startAccessNode({ unixSocket: { path: other, mode: null } })).rejects.toThrow('EADDRINUSE');
    expect(lstatSync(other).isFile()).toBe(true);
  });

  test('is local for protected mode, and asks for the password', async () => {
    const file = path.join(temporaryFolder(), 't.sock');
    node = await startAccessNode({ unixSocket: { path: file, mode: null }, access: { requirepass: 'x' } });
    const raw = await RawClient.connect({ path: file });
    expect(await raw.send('\r\n', 'PING')).toBe('-NOAUTH Authentication required.\r\n');
    raw.close();
  });
});
