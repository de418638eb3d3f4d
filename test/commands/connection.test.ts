import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

test('PING answers PONG or its argument, ECHO its argument, any bytes of it', async () => {
  expect(await client.send('PING')).toBe('+PONG');
  expect(await client.send('PING', ALL_BYTES)).toBe(`$${ALL_BYTES.toString('latin1')}`);
  expect(await client.send('ECHO', ALL_BYTES)).toBe(`$${ALL_BYTES.toString('latin1')}`);
  expect(await client.send('PING', 'a', 'b')).toBe("-ERR wrong number of arguments for 'ping' command");
});

test('TIME is the clock: seconds and microseconds', async () => {
  const before = Date.now();
  const [seconds, micros] = (await client.send('TIME')) as string[];
  const ms = Number(seconds?.slice(1)) * 1000 + Number(micros?.slice(1)) / 1000;
  expect(ms).toBeGreaterThanOrEqual(before);
  expect(ms).toBeLessThan(Date.now() + 1);
  expect(Number(micros?.slice(1))).toBeLessThan(1_000_000);
});

describe('SELECT', () => {
  test.each([
    ['0', '+OK'],
    ['-1', '-ERR DB index is out of range'],
    ['99', '-ERR DB index is out of range'],
    ['x', '-ERR value is not an integer or out of range'],
    ['99999999999999999999', '-ERR value is not an integer or out of range'],
  ])('%s answers %s', async (index, reply) => {
    expect(await client.send('SELECT', index)).toBe(reply);
  });
});

describe('AUTH without a password set', () => {
  test.each([
    [
      ['secret'],
      '-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    ],
    [['default', 'any'], '+OK'],
    [['nobody', 'any'], '-WRONGPASS invalid username-password pair or user is disabled.'],
    [['a', 'b', 'c'], '-ERR syntax error'],
  ])('%j answers %s', async (args, reply) => {
    expect(await client.send('AUTH', ...args)).toBe(reply);
  });
});

describe('QUIT', () => {
  test('answers, then closes; what came behind it is not run', async () => {
    client.socket.write('SET k 1\r\nQUIT\r\nSET k 2\r\nPING\r\n');
    expect(await client.replies(2)).toEqual(['+OK', '+OK']);
    await client.closed;
    await expect(client.reply()).rejects.toThrow('connection closed');
    const other = await shared.connectTyped();
    expect(await other.send('GET', 'k')).toBe('$1');
  });

  test('comes after the replies to what was sent before it', async () => {
    client.socket.write(`${'PING x\r\n'.repeat(500)}QUIT\r\n`);
    expect(await client.replies(501)).toEqual([...Array(500).fill('$x'), '+OK']);
    await client.closed;
  });
});

test('RESET forgets name, protocol and transaction', async () => {
  await client.send('HELLO', 3, 'SETNAME', 'me');
  await client.send('MULTI');
  await client.send('SET', 'k', 1);
  expect(await client.send('RESET')).toBe('+RESET');
  expect(await client.send('CLIENT', 'GETNAME')).toBe(null);
  expect(await client.send('EXEC')).toBe('-ERR EXEC without MULTI');
  expect(await client.send('EXISTS', 'k')).toBe(':0');
});

test.each(['ASKING', 'READONLY', 'READWRITE', 'CLUSTER'])('%s needs cluster mode', async (command) => {
  const args = command === 'CLUSTER' ? ['INFO'] : [];
  expect(await client.send(command, ...args)).toBe('-ERR This instance has cluster support disabled');
});

test('a client that closes its side still gets the replies to what it sent', async () => {
  const replies = client.replies(101);
  client.socket.end(`${'PING x\r\n'.repeat(100)}PING\r\n`);
  expect(await replies).toEqual([...Array(100).fill('$x'), '+PONG']);
  await client.closed;
});
