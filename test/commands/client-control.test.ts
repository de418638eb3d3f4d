import { afterEach, describe, expect, test } from 'vitest';
import { onRedis } from '../support/engine.ts';
import { useSharedNode } from '../support/shared-node.ts';

const shared = useSharedNode();
afterEach(() => shared.node.context.pause.end());

describe('CLIENT REPLY', () => {
  test('OFF holds back replies and errors until ON, which is answered', async () => {
    const client = await shared.connectTyped();
    client.socket.write('CLIENT REPLY OFF\r\nSET k v\r\nNOPE\r\nGET k\r\n');
    expect(await client.send('CLIENT', 'REPLY', 'ON')).toBe('+OK');
    expect(await client.send('GET', 'k')).toBe('$v');
  });

  test('SKIP holds back the next reply only, an error too', async () => {
    const client = await shared.connectTyped();
    expect(await client.raw('CLIENT REPLY SKIP\r\nPING 1\r\nPING 2\r\n')).toBe('$2');
    expect(await client.raw('CLIENT REPLY SKIP\r\nNOPE\r\nPING 3\r\n')).toBe('$3');
    expect(await client.raw('CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\n')).toBe('+OK');
    expect(await client.raw('CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nPING 4\r\nPING 5\r\n')).toBe('$5');
  });

  test('messages and confirmations come all the same', async () => {
    const client = await shared.connectTyped();
    expect(await client.raw('HELLO 3\r\n')).toHaveProperty('map');
    expect(await client.raw('CLIENT REPLY OFF\r\nPING\r\nSUBSCRIBE c\r\n')).toEqual({
      push: ['$subscribe', '$c', ':1'],
    });
    const publisher = await shared.connectTyped();
    expect(await publisher.send('PUBLISH', 'c', 'm')).toBe(':1');
    expect(await client.reply()).toEqual({ push: ['$message', '$c', '$m'] });
  });
});

describe('CLIENT PAUSE', () => {
  test.skipIf(onRedis('its list has the clients in another state'))(
    'WRITE holds what changes something, until UNPAUSE',
    async () => {
      const client = await shared.connectTyped();
      const writing = await shared.connectTyped();
      expect(await client.send('CLIENT', 'PAUSE', 100_000, 'WRITE')).toBe('+OK');
      const set = writing.send('SET', 'k', 'v');
      expect(await client.send('GET', 'k')).toBe(null);
      const flags = String(await client.send('CLIENT', 'LIST')).match(/flags=\w+/g);
      expect(flags).toEqual(['flags=N', 'flags=b']);
      const publishing = await shared.connectTyped();
      const publish = publishing.send('PUBLISH', 'c', 'm');
      await client.send('MULTI');
      await client.send('PING');
      expect(await client.send('EXEC')).toEqual(['+PONG']);
      expect(await client.send('GET', 'k')).toBe(null);
      expect(await client.send('CLIENT', 'UNPAUSE')).toBe('+OK');
      expect(await set).toBe('+OK');
      expect(await publish).toBe(':0');
      expect(await client.send('GET', 'k')).toBe('$v');
    },
  );

  test('ALL holds everything and ends by itself', async () => {
    const client = await shared.connectTyped();
    expect(await client.send('CLIENT', 'PAUSE', 300)).toBe('+OK');
    const begun = performance.now();
    expect(await client.send('PING')).toBe('+PONG');
    expect(performance.now() - begun).toBeGreaterThan(200);
  });

  test('a pause is not weakened by a second one', async () => {
    const client = await shared.connectTyped();
    await client.send('CLIENT', 'PAUSE', 100_000, 'WRITE');
    await client.send('CLIENT', 'PAUSE', 1, 'WRITE');
    const writing = await shared.connectTyped();
    let done = false;
    const set = writing.send('SET', 'k', 'v').then((reply) => {
      done = true;
      return reply;
    });
    await client.send('PING');
    await client.send('PING');
    expect(done).toBe(false);
    await client.send('CLIENT', 'UNPAUSE');
    expect(await set).toBe('+OK');
  });
});

describe('CLIENT KILL', () => {
  test.skipIf(onRedis("it is about the client's own connection, which Redis does not see"))(
    'ends those that all filters name, and leaves the one that asks',
    async () => {
      const client = await shared.connectTyped();
      const [one, two] = [await shared.connectTyped(), await shared.connectTyped()];
      const listening = await shared.connectTyped();
      await listening.send('SUBSCRIBE', 'c');
      const id = String(await one.send('CLIENT', 'ID')).slice(1);
      expect(await client.send('CLIENT', 'KILL', 'ID', id, 'TYPE', 'pubsub')).toBe(':0');
      expect(await client.send('CLIENT', 'KILL', 'ID', id, 'TYPE', 'normal')).toBe(':1');
      await one.closed;
      expect(await client.send('CLIENT', 'KILL', 'TYPE', 'pubsub')).toBe(':1');
      await listening.closed;
      const laddr = `127.0.0.1:${shared.node.port}`;
      expect(await client.send('CLIENT', 'KILL', 'LADDR', laddr, 'USER', 'default')).toBe(':1');
      await two.closed;
      expect(await client.send('PING')).toBe('+PONG');
      expect(await client.send('CLIENT', 'KILL', 'LADDR', laddr, 'SKIPME', 'no')).toBe(':1');
      await client.closed;
    },
  );

  test('takes an address in its old form', async () => {
    const client = await shared.connectTyped();
    const other = await shared.connectTyped();
    const address = /addr=(\S+)/.exec(String(await other.send('CLIENT', 'INFO')))?.[1] as string;
    expect(await client.send('CLIENT', 'KILL', address)).toBe('+OK');
    await other.closed;
    expect(await client.send('CLIENT', 'KILL', address)).toBe('-ERR No such client');
  });
});

test.skipIf(onRedis('it does track'))('CLIENT TRACKING is off and stays off', async () => {
  const client = await shared.connectTyped();
  expect(await client.send('CLIENT', 'TRACKING', 'ON')).toBe(
    '-ERR CLIENT TRACKING ON is not supported by this server',
  );
  expect(await client.send('CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX')).toBe('-ERR syntax error');
  expect(await client.send('CLIENT', 'TRACKING', 'OFF')).toBe('+OK');
  expect(await client.send('CLIENT', 'GETREDIR')).toBe(':-1');
  expect(await client.send('CLIENT', 'TRACKINGINFO')).toEqual([
    ...['$flags', ['$off'], '$redirect', ':-1', '$prefixes', []],
  ]);
});

test('CLIENT INFO has the fields of Redis, and RESET takes back what was set', async () => {
  const client = await shared.connectTyped();
  await client.send('CLIENT', 'SETNAME', 'me');
  await client.send('CLIENT', 'NO-EVICT', 'ON');
  const line = String(await client.send('CLIENT', 'INFO'));
  const names = line
    .slice(1)
    .trim()
    .split(' ')
    .map((field) => field.split('=')[0]);
  expect(names.slice(0, 26)).toEqual([
    ...['id', 'addr', 'laddr', 'fd', 'name', 'age', 'idle', 'flags', 'db', 'sub', 'psub', 'ssub', 'multi'],
    ...['qbuf', 'qbuf-free', 'argv-mem', 'multi-mem', 'rbs', 'rbp', 'obl', 'oll', 'omem', 'tot-mem'],
    ...['events', 'cmd', 'user'],
  ]);
  expect(line).toMatch(/ name=me .* flags=e .* cmd=client\|info user=default redir=-1 resp=2/);
  await client.send('MULTI');
  expect(await client.send('RESET')).toBe('+RESET');
  expect(String(await client.send('CLIENT', 'INFO'))).toMatch(/ name= /);
});
