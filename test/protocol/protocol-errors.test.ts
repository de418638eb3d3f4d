import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

const protocolError = (text: string) => `-ERR Protocol error: ${text}`;

describe('a protocol error is answered, then the connection is closed', () => {
  // Nothing follows what is refused: bytes that the server has not read when it closes could cost the client the reply.
  test.each([
    ['*x\r\n', 'invalid multibulk length'],
    ['*01\r\n', 'invalid multibulk length'],
    ['*+1\r\n', 'invalid multibulk length'],
    ['*1 \r\n', 'invalid multibulk length'],
    ['*\r\n', 'invalid multibulk length'],
    ['*1048577\r\n', 'invalid multibulk length'],
    ['*99999999999999999999\r\n', 'invalid multibulk length'],
    ['*1\r\n$-1\r\n', 'invalid bulk length'],
    ['*1\r\n$x\r\n', 'invalid bulk length'],
    ['*1\r\n$\r\n', 'invalid bulk length'],
    ['*1\r\n$04\r\n', 'invalid bulk length'],
    ['*1\r\n$536870913\r\n', 'invalid bulk length'],
    ['*2\r\n$3\r\nGET\r\n$99999999999999999999\r\n', 'invalid bulk length'],
    ['*1\r\n:3\r\n', "expected '$', got ':'"],
    ['*1\r\nPING\r\n', "expected '$', got 'P'"],
    ['*1\r\n\r\n', "expected '$', got ' '"],
    ['*2\r\n$4\r\nPING\r\n*', "expected '$', got '*'"],
    ['PING "a\r\n', 'unbalanced quotes in request'],
    ["PING 'a\r\n", 'unbalanced quotes in request'],
    ['PING "a"b\r\n', 'unbalanced quotes in request'],
    ['PING "a\\"\r\n', 'unbalanced quotes in request'],
    ['a'.repeat(65_537), 'too big inline request'],
    [`*${'1'.repeat(65_536)}`, 'too big mbulk count string'],
    [`*1\r\n$${'1'.repeat(65_536)}`, 'too big bulk count string'],
  ])('%# %.40j', async (bytes, text) => {
    expect(await client.raw(bytes)).toBe(protocolError(text));
    await client.closed;
    await expect(client.reply()).rejects.toThrow('connection closed');
  });
});

test('what came before a protocol error is answered, what comes after is not run', async () => {
  client.socket.write('SET k 1\r\n*1\r\n$4\r\nPING\r\n*1\r\n:x\r\nSET k 2\r\n');
  expect(await client.replies(3)).toEqual(['+OK', '+PONG', protocolError("expected '$', got ':'")]);
  await client.closed;
  const other = await shared.connectTyped();
  expect(await other.send('GET', 'k')).toBe('$1');
});

test('64 KB without a line end are not refused yet', async () => {
  client.socket.write('a'.repeat(65_536));
  expect(await client.raw('\r\n')).toMatch(/^-ERR unknown command 'a{128}'/);
});

test('1,048,576 arguments are taken', async () => {
  const count = 1_048_576;
  const bytes = Buffer.from(`*${count}\r\n$6\r\nEXISTS\r\n${'$1\r\nk\r\n'.repeat(count - 1)}`);
  await client.send('SET', 'k', 1);
  expect(await client.raw(bytes)).toBe(`:${count - 1}`);
});

test('proto-max-bulk-len changes the limit for the next bulk', async () => {
  const length = 1_048_576;
  await client.send('CONFIG', 'SET', 'proto-max-bulk-len', length);
  try {
    expect(await client.send('SET', 'k', new Uint8Array(length))).toBe('+OK');
    expect(await client.raw(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${length + 1}\r\n`)).toBe(
      protocolError('invalid bulk length'),
    );
  } finally {
    const other = await shared.connectTyped();
    expect(await other.send('CONFIG', 'SET', 'proto-max-bulk-len', '512mb')).toBe('+OK');
    expect(await other.send('CONFIG', 'GET', 'proto-max-bulk-len')).toEqual([
      '$proto-max-bulk-len',
      '$536870912',
    ]);
  }
});
