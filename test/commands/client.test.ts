import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

const PLAIN_NAMES = 'cannot contain spaces, newlines or special characters.';

async function idOf(one: TypedClient): Promise<number> {
  return Number(String(await one.send('CLIENT', 'ID')).slice(1));
}

/** The lines of CLIENT LIST or INFO as objects. */
function parse(reply: unknown): Record<string, string>[] {
  return String(reply)
    .slice(1)
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      Object.fromEntries(line.split(' ').map((field) => field.split(/=(.*)/s) as [string, string])),
    );
}

describe('ids and names', () => {
  test('ids rise and stay', async () => {
    const first = await idOf(client);
    const second = await idOf(await shared.connectTyped());
    expect(second).toBeGreaterThan(first);
    expect(await idOf(client)).toBe(first);
  });

  test('a name is set, read and taken back', async () => {
    expect(await client.send('CLIENT', 'GETNAME')).toBe(null);
    expect(await client.send('CLIENT', 'SETNAME', 'me-1')).toBe('+OK');
    expect(await client.send('CLIENT', 'GETNAME')).toBe('$me-1');
    expect(await client.send('client', 'setname', '')).toBe('+OK');
    expect(await client.send('CLIENT', 'GETNAME')).toBe(null);
  });

  test.each(['a b', 'a\nb', 'é', '\x7f', ' '])('%j is no name', async (name) => {
    await client.send('CLIENT', 'SETNAME', 'before');
    expect(await client.send('CLIENT', 'SETNAME', name)).toBe(`-ERR Client names ${PLAIN_NAMES}`);
    expect(await client.send('CLIENT', 'GETNAME')).toBe('$before');
  });

  test('SETINFO tells of the library', async () => {
    expect(await client.send('CLIENT', 'SETINFO', 'LIB-NAME', 'redis-js(x_1)')).toBe('+OK');
    expect(await client.send('CLIENT', 'SETINFO', 'lib-ver', '1.2.3')).toBe('+OK');
    const [info] = parse(await client.send('CLIENT', 'INFO'));
    expect(info).toMatchObject({ 'lib-name': 'redis-js(x_1)', 'lib-ver': '1.2.3' });
    expect(await client.send('CLIENT', 'SETINFO', 'lib-name', 'a b')).toBe(`-ERR lib-name ${PLAIN_NAMES}`);
    expect(await client.send('CLIENT', 'SETINFO', 'lib-ver', 'a\n')).toBe(`-ERR lib-ver ${PLAIN_NAMES}`);
    expect(await client.send('CLIENT', 'SETINFO', 'lib-os', 'x')).toBe("-ERR Unrecognized option 'lib-os'");
  });
});

describe('INFO and LIST', () => {
  test('tell of the connection', async () => {
    await client.send('HELLO', 3, 'SETNAME', 'me');
    await client.send('GET', 'k');
    const reply = await client.send('CLIENT', 'INFO');
    expect(reply).toMatch(/^=txt:id=\d+ addr=\S+ .*\n$/);
    const [info] = parse(String(reply).slice(4));
    expect(info).toMatchObject({
      id: String(await idOf(client)),
      addr: `127.0.0.1:${client.socket.localPort}`,
      laddr: `127.0.0.1:${shared.node.port}`,
      name: 'me',
      flags: 'N',
      db: '0',
      multi: '-1',
      user: 'default',
      resp: '3',
    });
    expect(info?.cmd).toMatch(/^client(\|info)?$/);
  });

  test('an open transaction shows in flags and multi', async () => {
    const id = await idOf(client);
    const other = await shared.connectTyped();
    await client.send('MULTI');
    await client.send('PING');
    const [info] = parse(await other.send('CLIENT', 'LIST', 'ID', id));
    expect(info).toMatchObject({ id: String(id), flags: 'x', multi: '1' });
  });

  test('LIST has all clients, LIST ID those named, LIST TYPE those of a type', async () => {
    const other = await shared.connectTyped();
    const ids = [await idOf(client), await idOf(other)];
    const all = parse(await client.send('CLIENT', 'LIST')).map((one) => Number(one.id));
    expect(all).toEqual(expect.arrayContaining(ids));
    expect(
      parse(await client.send('CLIENT', 'LIST', 'ID', ...ids, 999_999)).map((one) => Number(one.id)),
    ).toEqual(ids);
    const normal = parse(await client.send('CLIENT', 'LIST', 'TYPE', 'normal')).map((one) => Number(one.id));
    expect(normal).toEqual(expect.arrayContaining(ids));
    for (const type of ['master', 'replica', 'pubsub']) {
      expect(await client.send('CLIENT', 'LIST', 'TYPE', type)).toBe('$');
    }
  });

  test.each([
    [['FOO'], '-ERR syntax error'],
    [['ID'], '-ERR syntax error'],
    [['ID', 'x'], '-ERR Invalid client ID'],
    [['TYPE'], '-ERR syntax error'],
    [['TYPE', 'foo'], "-ERR Unknown client type 'foo'"],
    [['TYPE', 'normal', 'x'], '-ERR syntax error'],
  ])('LIST %j is refused', async (args, reply) => {
    expect(await client.send('CLIENT', 'LIST', ...args)).toBe(reply);
  });
});

describe('KILL', () => {
  test('by address closes that client and no other', async () => {
    const [victim, other] = [await shared.connectTyped(), await shared.connectTyped()];
    const address = `127.0.0.1:${victim.socket.localPort}`;
    expect(await client.send('CLIENT', 'KILL', address)).toBe('+OK');
    await victim.closed;
    expect(await other.send('PING')).toBe('+PONG');
    expect(await client.send('CLIENT', 'KILL', address)).toBe('-ERR No such client');
  });

  test('by id counts whom it closed', async () => {
    const victim = await shared.connectTyped();
    const id = await idOf(victim);
    expect(await client.send('CLIENT', 'KILL', 'ID', id)).toBe(':1');
    await victim.closed;
    expect(await client.send('CLIENT', 'KILL', 'ID', id)).toBe(':0');
  });

  test('by local address closes all others, with SKIPME no itself too', async () => {
    const others = [await shared.connectTyped(), await shared.connectTyped()];
    const here = `127.0.0.1:${shared.node.port}`;
    expect(
      Number(String(await client.send('CLIENT', 'KILL', 'LADDR', here)).slice(1)),
    ).toBeGreaterThanOrEqual(2);
    await Promise.all(others.map((other) => other.closed));
    client.socket.write(`CLIENT KILL LADDR ${here} SKIPME no\r\nSET k 1\r\n`);
    expect(await client.reply()).toBe(':1');
    await client.closed;
    const late = await shared.connectTyped();
    expect(await late.send('EXISTS', 'k')).toBe(':0');
  });

  test('all conditions have to hold', async () => {
    const victim = await shared.connectTyped();
    const id = await idOf(victim);
    expect(await client.send('CLIENT', 'KILL', 'ID', id, 'ADDR', '127.0.0.1:1')).toBe(':0');
    expect(await victim.send('PING')).toBe('+PONG');
  });

  test.each([
    [['1.2.3.4:5'], '-ERR No such client'],
    [['ADDR', '1.2.3.4:5'], ':0'],
    [['FOO', 'bar'], '-ERR syntax error'],
    [['ID', '1', 'ADDR'], '-ERR syntax error'],
  ])('%j answers %s', async (args, reply) => {
    expect(await client.send('CLIENT', 'KILL', ...args)).toBe(reply);
  });
});

describe.each(['NO-EVICT', 'NO-TOUCH'])('%s', (sub) => {
  test.each([
    ['ON', '+OK'],
    ['off', '+OK'],
    ['maybe', '-ERR syntax error'],
  ])('%s answers %s', async (value, reply) => {
    expect(await client.send('CLIENT', sub, value)).toBe(reply);
  });
});

test.each([
  [['ID', 'x'], 'id'],
  [['INFO', 'x'], 'info'],
  [['GETNAME', 'x'], 'getname'],
  [['SETNAME'], 'setname'],
  [['SETNAME', 'a', 'b'], 'setname'],
  [['SETINFO', 'lib-name'], 'setinfo'],
  [['NO-EVICT'], 'no-evict'],
  [['NO-EVICT', 'ON', 'x'], 'no-evict'],
])('CLIENT %j is an arity error', async (args, name) => {
  expect(await client.send('CLIENT', ...args)).toBe(
    `-ERR wrong number of arguments for 'client|${name}' command`,
  );
});
