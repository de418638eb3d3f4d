import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { startAccessNode } from './nodes.ts';
import { RawClient } from './raw-client.ts';

const NOAUTH = 'NOAUTH Authentication required.';
const WRONGPASS = 'WRONGPASS invalid username-password pair or user is disabled.';
const HELLO_NOAUTH =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';

describe('a node with a password', () => {
  let node: TesseraNode;
  let client: RespClient;
  beforeEach(async () => {
    node = await startAccessNode({ access: { requirepass: 'geheim' } });
    client = await RespClient.connect(node.port);
  });
  afterEach(async () => {
    client.close();
    await node.close();
  });

  test('answers nothing but AUTH, HELLO, QUIT and RESET before a login', async () => {
    for (const args of [
      ['PING'],
      ['GET', 'k'],
      ['MULTI'],
      ['ACL', 'WHOAMI'],
      ['COMMAND'],
      ['AI.CONFIG', 'GET', 'X'],
    ]) {
      expect(await client.error(...args)).toBe(NOAUTH);
    }
    expect(await client.error('EXEC')).toBe(`EXECABORT Transaction discarded because of: ${NOAUTH}`);
    expect(await client.error('HELLO')).toBe(HELLO_NOAUTH);
    expect(await client.error('HELLO', 3)).toBe(HELLO_NOAUTH);
    expect(await client.error('HELLO', 4)).toBe('NOPROTO unsupported protocol version');
    expect(await client.send('RESET')).toBe('RESET');
    expect(await client.send('QUIT')).toBe('OK');
  });

  test('tells an unknown command and a wrong number of arguments before it asks for a login', async () => {
    expect(await client.error('NOPE')).toBe("ERR unknown command 'NOPE', with args beginning with: ");
    expect(await client.error('GET')).toBe("ERR wrong number of arguments for 'get' command");
  });

  test('lets in who has the password, with and without the name of the default user', async () => {
    expect(await client.error('AUTH', 'wrong')).toBe(WRONGPASS);
    expect(await client.error('PING')).toBe(NOAUTH);
    expect(await client.send('AUTH', 'geheim')).toBe('OK');
    expect(await client.send('PING')).toBe('PONG');
    // A wrong password later takes nothing away.
    expect(await client.error('AUTH', 'default', 'wrong')).toBe(WRONGPASS);
    expect(await client.error('AUTH', 'nobody', 'geheim')).toBe(WRONGPASS);
    expect(await client.error('AUTH', 'a', 'b', 'c')).toBe('ERR syntax error');
    expect(await client.send('PING')).toBe('PONG');
    expect(await client.send('RESET')).toBe('RESET');
    expect(await client.error('PING')).toBe(NOAUTH);
    expect(await client.send('AUTH', 'default', 'geheim')).toBe('OK');
    expect(await client.send('PING')).toBe('PONG');
  });

  test('HELLO logs in and sets name and protocol, all or nothing', async () => {
    const raw = await RawClient.connect({ port: node.port });
    expect(await raw.send('\r\n', 'HELLO', '3', 'AUTH', 'default', 'wrong', 'SETNAME', 'me')).toBe(
      `-${WRONGPASS}\r\n`,
    );
    expect(await raw.send('\r\n', 'HELLO', '3', 'AUTH', 'default', 'geheim', 'SETNAME', 'no name')).toBe(
      '-ERR Client names cannot contain spaces, newlines or special characters.\r\n',
    );
    expect(await raw.send('\r\n', 'PING')).toBe(`-${NOAUTH}\r\n`);
    const hello = await raw.send('*0\r\n', 'HELLO', '3', 'AUTH', 'default', 'geheim', 'SETNAME', 'me');
    expect(hello).toMatch(/^%7\r\n\$6\r\nserver\r\n\$5\r\nredis\r\n/);
    expect(await raw.send('\r\nme\r\n', 'CLIENT', 'GETNAME')).toBe('$2\r\nme\r\n');
    raw.close();
  });

  test('reads only short commands from a client that has not logged in', async () => {
    const cases: [string, string][] = [
      ['*11\r\n', '-ERR Protocol error: unauthenticated multibulk length\r\n'],
      ['*2\r\n$16385\r\n', '-ERR Protocol error: unauthenticated bulk length\r\n'],
    ];
    for (const [request, answer] of cases) {
      const raw = await RawClient.connect({ port: node.port });
      raw.socket.write(request);
      expect(await raw.untilClosed()).toBe(answer);
    }
    expect(await client.send('AUTH', 'geheim')).toBe('OK');
    expect(await client.send('SET', 'k', Buffer.alloc(20_000))).toBe('OK');
    expect(await client.send('DEL', ...Array.from({ length: 20 }, (_, i) => `k${i}`))).toBe(0);
  });

  test('keeps the password of users as SHA-256 only', async () => {
    await client.send('AUTH', 'geheim');
    const hash = createHash('sha256').update('geheim').digest('hex');
    expect(await client.send('ACL', 'LIST')).toEqual([`user default on #${hash} ~* &* +@all`]);
  });

  test('serves node-redis and ioredis that bring the password', async () => {
    const redis = createClient({ url: `redis://:geheim@127.0.0.1:${node.port}`, RESP: 3 });
    await redis.connect();
    await redis.set('k', 'v');
    expect(await redis.get('k')).toBe('v');
    await redis.close();
    const io = new Redis({ port: node.port, password: 'geheim' });
    expect(await io.get('k')).toBe('v');
    await io.quit();
    const refused = createClient({
      url: `redis://:wrong@127.0.0.1:${node.port}`,
      socket: { reconnectStrategy: false },
    });
    refused.on('error', () => {});
    await expect(refused.connect()).rejects.toThrow(WRONGPASS);
  });
});

describe('CONFIG SET requirepass', () => {
  test('asks new clients for the password, and takes it away again', async () => {
    const node = await startAccessNode();
    const admin = await RespClient.connect(node.port);
    expect(await admin.error('AUTH', 'x')).toBe(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    );
    expect(await admin.send('AUTH', 'default', 'anything')).toBe('OK');
    expect(await admin.send('CONFIG', 'SET', 'requirepass', 'pässword')).toBe('OK');
    expect(await admin.send('CONFIG', 'GET', 'requirepass')).toEqual(['requirepass', 'pässword']);
    expect(await admin.send('PING')).toBe('PONG');
    const other = await RespClient.connect(node.port);
    expect(await other.error('PING')).toBe(NOAUTH);
    expect(await other.send('AUTH', 'pässword')).toBe('OK');
    expect(await admin.send('CONFIG', 'SET', 'requirepass', '')).toBe('OK');
    expect(await admin.send('ACL', 'LIST')).toEqual(['user default on nopass ~* &* +@all']);
    const third = await RespClient.connect(node.port);
    expect(await third.send('PING')).toBe('PONG');
    for (const client of [admin, other, third]) client.close();
    await node.close();
  });

  test('changes no password when another setting of the same command is refused', async () => {
    const node = await startAccessNode({ access: { requirepass: 'old' } });
    const admin = await RespClient.connect(node.port);
    await admin.send('AUTH', 'old');
    const before = await admin.send('ACL', 'LIST');
    expect(await admin.error('CONFIG', 'SET', 'requirepass', 'new', 'protected-mode', 'maybe')).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'protected-mode') - argument must be 'yes' or 'no'",
    );
    expect(await admin.send('ACL', 'LIST')).toEqual(before);
    expect(await admin.send('CONFIG', 'GET', 'requirepass')).toEqual(['requirepass', 'old']);
    admin.close();
    await node.close();
  });
});
