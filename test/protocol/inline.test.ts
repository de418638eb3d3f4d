import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

describe('inline commands', () => {
  test.each([
    ['PING\r\n', '+PONG'],
    ['PING\n', '+PONG'],
    ['ping\r\n', '+PONG'],
    ['  PING \t hi \r\n', '$hi'],
    ['PING "a b"\r\n', '$a b'],
    ["PING 'a b'\r\n", '$a b'],
    ['PING ""\r\n', '$'],
    ["PING 'it\\'s'\r\n", "$it's"],
    ["PING 'a\\nb'\r\n", '$a\\nb'],
    ['PING "a\\nb\\r\\t\\b\\a"\r\n', '$a\nb\r\t\b\x07'],
    ['PING "\\x41\\xff\\x00"\r\n', '$A\xff\x00'],
    ['PING "\\xZZ\\q\\"\\\\"\r\n', '$xZZq"\\'],
    ['PING a\\nb\r\n', '$a\\nb'],
    ['PING a"b c"\r\n', '$ab c'],
    ['PING \xff\xc3\r\n', '$\xff\xc3'],
    ['PING a\rb\r\n', "-ERR wrong number of arguments for 'ping' command"],
    ['"PING"\r\n', '+PONG'],
  ])('%j is answered %j', async (line, reply) => {
    expect(await client.raw(line)).toBe(reply);
  });

  test('empty lines are passed over', async () => {
    expect(await client.raw('\r\n\n  \r\n*0\r\n*-1\r\nPING after\r\n')).toBe('$after');
  });

  test('mix with arrays in one write', async () => {
    client.socket.write('SET k 1\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nGET k\nPING\r\n');
    expect(await client.replies(4)).toEqual(['+OK', '$1', '$1', '+PONG']);
  });

  test('one of 64 KB is taken', async () => {
    const word = 'a'.repeat(65_000);
    expect(await client.raw(`PING ${word}\r\n`)).toBe(`$${word}`);
  });
});
