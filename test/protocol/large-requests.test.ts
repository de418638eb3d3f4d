import net from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ServedNode, startServe } from '../support/serve.ts';
import { TypedClient } from '../support/typed-client.ts';

const MEGABYTE = 2 ** 20;

/** In a process of its own, so that its memory is only its own. */
let node: ServedNode;
let client: TypedClient;
beforeEach(async () => {
  node = await startServe();
  client = await TypedClient.connect(node.port);
});
afterEach(async () => {
  client.close();
  await node.stop();
});

async function residentMegabytes(): Promise<number> {
  const info = String(await client.send('INFO', 'memory'));
  return Number(/used_memory_rss:(\d+)/.exec(info)?.[1]) / MEGABYTE;
}

async function open(): Promise<net.Socket> {
  const socket = net.connect(node.port, '127.0.0.1');
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket;
}

/** The bytes that the server holds of requests under way, or has room for, of all clients. */
async function heldBytes(): Promise<number> {
  const list = String(await client.send('CLIENT', 'LIST'));
  return [...list.matchAll(/ qbuf(?:-free)?=(\d+)/g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}

const header = (length: number) => `*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${length}\r\n`;

test('bulks that are announced and not sent take no memory, too large ones are not even held', async () => {
  const before = await residentMegabytes();
  const sockets: net.Socket[] = [];
  for (let i = 0; i < 8; i++) {
    const socket = await open();
    socket.write(header(512 * MEGABYTE));
    sockets.push(socket);
  }
  await vi.waitFor(async () => expect(await heldBytes()).toBe(8 * 512 * MEGABYTE), 5000);
  for (let i = 0; i < 8; i++) {
    const refused = await TypedClient.connect(node.port);
    expect(await refused.raw(header(512 * MEGABYTE + 1))).toBe('-ERR Protocol error: invalid bulk length');
    await refused.closed;
  }
  expect(await heldBytes()).toBe(8 * 512 * MEGABYTE);
  expect((await residentMegabytes()) - before).toBeLessThan(200);
  for (const socket of sockets) socket.destroy();
  await vi.waitFor(async () => expect(await heldBytes()).toBe(0), 5000);
});

test('a client that leaves in the middle of a large bulk gives its memory back, others go on', async () => {
  const before = await residentMegabytes();
  const part = new Uint8Array(30 * MEGABYTE).fill(1);
  for (let round = 0; round < 12; round++) {
    const socket = await open();
    socket.write(header(32 * MEGABYTE));
    await new Promise((resolve) => socket.write(part, resolve));
    socket.destroy();
    expect(await client.send('SET', 'other', round)).toBe('+OK');
    expect(await client.send('GET', 'other')).toBe(`$${round}`);
  }
  await vi.waitFor(async () => expect(await heldBytes()).toBe(0), 5000);
  expect(await client.send('EXISTS', 'k')).toBe(':0');
  // 360 MB came in all.
  expect((await residentMegabytes()) - before).toBeLessThan(250);
});

test('what is larger than any memory is refused as such, and is no bug', async () => {
  const OUT_OF_MEMORY = "-OOM command not allowed when used memory > 'maxmemory'.";
  // 6.8 PiB: more than a process can address.
  const length = '7654321098765432';
  expect(await client.send('CONFIG', 'SET', 'proto-max-bulk-len', '8000000gb')).toBe('+OK');
  expect(await client.send('SETRANGE', 'k', length, 'x')).toBe(OUT_OF_MEMORY);
  expect(await client.send('EXISTS', 'k')).toBe(':0');
  const announcing = await TypedClient.connect(node.port);
  expect(await announcing.raw(header(Number(length)))).toBe(OUT_OF_MEMORY);
  await announcing.closed;
  expect(await client.send('PING')).toBe('+PONG');
  expect(node.log()).not.toContain('internal error');
});
