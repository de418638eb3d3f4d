import { once } from 'node:events';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encode } from '../support/resp-client.ts';
import { type ServedNode, startServe } from '../support/serve.ts';
import { TypedClient } from '../support/typed-client.ts';

const MEGABYTE = 2 ** 20;

/** In a process of its own, so that its memory is only its own. */
let node: ServedNode;
let client: TypedClient;
beforeAll(async () => {
  node = await startServe();
  client = await TypedClient.connect(node.port);
});
afterEach(async () => {
  const defaults = ['client-output-buffer-limit', 'normal 0 0 0', 'client-query-buffer-limit', '1gb'];
  expect(await client.send('CONFIG', 'SET', ...defaults)).toBe('+OK');
  await client.send('FLUSHALL');
});
afterAll(async () => {
  client.close();
  await node.stop();
});

/** What is left in JavaScript's heap and outside of it after a full collection. */
async function leftMegabytes(): Promise<number> {
  await client.send('MEMORY', 'PURGE');
  const info = String(await client.send('INFO', 'memory'));
  const field = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
  return (field('v8_heap_used') + field('v8_external')) / MEGABYTE;
}

async function connect(): Promise<net.Socket> {
  const socket = net.connect(node.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function clients(): Promise<number> {
  return String(await client.send('CLIENT', 'LIST')).split('\n').length - 1;
}

/** Waits until the server has only this test's own client. */
async function aloneAgain(): Promise<void> {
  while ((await clients()) > 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('client-output-buffer-limit of normal clients', () => {
  /** A reply of 16 MB that is made for the client: much more than the system's buffers take. */
  const COMMAND = encode(['LRANGE', 'l', 0, -1]);

  beforeEach(async () => {
    const elements = Array.from({ length: 1600 }, () => Buffer.alloc(10_000, 120));
    expect(await client.send('RPUSH', 'l', ...elements)).toBe(':1600');
  });

  test('one that does not read is cut off, its memory comes back, and others go on', async () => {
    await client.send('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 2mb 0 0');
    const before = await leftMegabytes();
    const sockets: net.Socket[] = [];
    for (let round = 0; round < 8; round++) {
      const socket = await connect();
      socket.pause();
      socket.write(COMMAND);
      sockets.push(socket);
      expect(await client.send('PING')).toBe('+PONG');
    }
    await aloneAgain();
    // Replies of 128 MB were made in all.
    expect((await leftMegabytes()) - before).toBeLessThan(8);
    for (const socket of sockets) socket.destroy();
  });

  test('one that stays above the soft limit is cut off when its time is over', async () => {
    await client.send('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 0 2mb 1');
    const socket = await connect();
    socket.pause();
    socket.write(COMMAND);
    await aloneAgain();
    socket.destroy();
  });

  test('without a limit one that does not read has one reply at most waiting, until it leaves', async () => {
    const before = await leftMegabytes();
    const socket = await connect();
    socket.pause();
    socket.write(Buffer.concat(Array.from({ length: 100 }, () => COMMAND)));
    const list = () => client.send('CLIENT', 'LIST');
    while (!/ omem=[1-9]\d{6,} /.test(String(await list())))
      await new Promise((resolve) => setImmediate(resolve));
    expect(await client.send('PING')).toBe('+PONG');
    expect(Number(/ omem=(\d{7,}) /.exec(String(await list()))?.[1])).toBeLessThan(17 * MEGABYTE);
    socket.destroy();
    await aloneAgain();
    expect((await leftMegabytes()) - before).toBeLessThan(8);
  });
});

describe('client-query-buffer-limit', () => {
  test('an argument beyond it ends the connection, several that are together larger do not', async () => {
    expect(await client.send('CONFIG', 'SET', 'client-query-buffer-limit', '1mb')).toBe('+OK');
    const sender = await TypedClient.connect(node.port);
    const value = Buffer.alloc(600_000, 120);
    expect(await sender.send('MSET', 'a', value, 'b', value, 'c', value)).toBe('+OK');
    sender.socket.write(encode(['SET', 'k', Buffer.alloc(2 * MEGABYTE)]));
    await sender.closed;
    expect(await client.send('EXISTS', 'a', 'b', 'c', 'k')).toBe(':3');
  });

  test.each([
    ['1048575', 'argument must be between 1048576 and 9223372036854775807 inclusive'],
    ['x', 'argument must be a memory value'],
  ])('%s is refused', async (value, why) => {
    expect(await client.send('CONFIG', 'SET', 'client-query-buffer-limit', value)).toBe(
      `-ERR CONFIG SET failed (possibly related to argument 'client-query-buffer-limit') - ${why}`,
    );
    expect(await client.send('CONFIG', 'GET', 'client-query-buffer-limit')).toEqual([
      ...['$client-query-buffer-limit', '$1073741824'],
    ]);
  });

  test('a request of very many arguments that is never finished is shown, and gone with its client', async () => {
    const before = await leftMegabytes();
    const socket = await connect();
    const argument = Buffer.from('$10\r\n0123456789\r\n');
    socket.write('*1000000\r\n');
    socket.write(Buffer.concat(Array.from({ length: 200_000 }, () => argument)));
    const list = () => client.send('CLIENT', 'LIST');
    while (!String(await list()).includes(' argv-mem=2000000 '))
      await new Promise((resolve) => setImmediate(resolve));
    expect((await leftMegabytes()) - before).toBeGreaterThan(10);
    socket.destroy();
    await aloneAgain();
    expect((await leftMegabytes()) - before).toBeLessThan(8);
  });
});
