import { mkdtempSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClientSession } from '../../src/client-session.ts';
import { startNode } from '../support/node.ts';
import { encode } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { TypedClient } from '../support/typed-client.ts';

const MEGABYTE = 2 ** 20;

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

/** A socket that nobody reads from, and the server's side of it. */
async function connectUnread(): Promise<{ socket: net.Socket; session: ClientSession }> {
  const socket = net.connect(shared.node.port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  const address = `127.0.0.1:${socket.localPort}`;
  const session = await vi.waitFor(() => {
    const found = [...shared.node.context.clients.values()].find((one) => one.remoteAddress === address);
    if (found === undefined) throw new Error('not accepted yet');
    return found;
  });
  return { socket, session };
}

function bytesRead(socket: net.Socket, expected: number): Promise<number> {
  return new Promise((resolve) => {
    let count = 0;
    socket.on('data', (data) => {
      count += data.length;
      if (count >= expected) resolve(count);
    });
  });
}

describe('a client that sends and does not read', () => {
  const replies: [string, string[], number, number][] = [
    // More than the buffers of both sockets take: those hold up to ten megabytes on Linux.
    [
      'text made for the reply',
      ['KEYS', 'k*'],
      40,
      250 * (4000 + '$4000\r\n\r\n'.length) + '*250\r\n'.length,
    ],
    ['bytes sent from where they lie', ['GET', 's'], 20, 2 * MEGABYTE + '$2097152\r\n\r\n'.length],
  ];
  test.each(replies)('has its commands wait: %s', async (_, command, count, replyBytes) => {
    for (let i = 0; i < 250; i++) client.send('SET', `k${i}`.padEnd(4000, '.'), 'v');
    await client.send('SET', 's', new Uint8Array(2 * MEGABYTE));
    const { socket, session } = await connectUnread();
    const request = Buffer.concat(Array.from({ length: count }, () => encode(command)));
    // One read of the server takes it all.
    expect(request.length).toBeLessThan(64 * 1024);
    socket.write(request);
    await vi.waitFor(() => expect(session.bytesIn).toBe(request.length), 5000);
    expect(await client.send('PING')).toBe('+PONG');
    expect(session.outputBytes).toBeGreaterThan(0);
    expect(session.outputBytes).toBeLessThan(2 * MEGABYTE + replyBytes);
    expect(session.queryBytes).toBeGreaterThan(0);

    // It gets everything once it reads.
    expect(await bytesRead(socket, count * replyBytes)).toBe(count * replyBytes);
    socket.destroy();
    await vi.waitFor(() => expect(shared.node.context.clients.has(session.id)).toBe(false), 5000);
  });

  test('has its commands wait while replies wait for the disk, too', async () => {
    const node = await startNode({}, 0, {
      dataDirectory: mkdtempSync(path.join(tmpdir(), 'tessera-')),
      durability: { mode: 'always', volatileTensors: [] },
    });
    const durable = await TypedClient.connect(node.port);
    await durable.send('RPUSH', 'l', ...Array.from({ length: 1000 }, () => Buffer.alloc(1000, 120)));
    const requests = [encode(['SET', 'k', 'v'])];
    for (let i = 0; i < 20; i++) requests.push(encode(['LRANGE', 'l', 0, -1]), encode(['CLIENT', 'INFO']));
    durable.socket.write(Buffer.concat(requests));
    const replies = await durable.replies(41);
    const waiting = replies
      .flatMap((reply) => /^\$id=.* omem=(\d+) /.exec(String(reply))?.[1] ?? [])
      .map(Number);
    durable.close();
    await node.close();
    expect(waiting.length).toBe(20);
    expect(Math.max(...waiting)).toBeLessThan(4 * MEGABYTE);
  });

  test('is not read from either', async () => {
    await client.send('SET', 's', new Uint8Array(MEGABYTE));
    const { socket, session } = await connectUnread();
    const requests = Buffer.concat(Array.from({ length: 1000 }, () => encode(['GET', 's'])));
    let sent = 0;
    // 3 MB of requests a turn, far more than the sockets' buffers hold, until the server has stopped reading.
    while (sent < 60 * requests.length && socket.writableLength < 8 * MEGABYTE) {
      socket.write(requests);
      sent += requests.length;
    }
    await vi.waitFor(() => expect(session.queryBytes).toBeGreaterThan(0), 5000);
    expect(await client.send('PING')).toBe('+PONG');
    expect(session.queryBytes).toBeLessThan(MEGABYTE);
    expect(session.outputBytes).toBeLessThan(4 * MEGABYTE);
    socket.destroy();
    // The server learns of it when it writes: its side goes away all the same.
    await vi.waitFor(() => expect(shared.node.context.clients.has(session.id)).toBe(false), 5000);
  });
});

test('after QUIT, a client that goes on sending is cut off', async () => {
  const { socket, session } = await connectUnread();
  socket.on('error', () => {});
  socket.write('QUIT\r\n');
  await vi.waitFor(() => expect(shared.node.context.clients.has(session.id)).toBe(false), 5000);
  socket.destroy();
});
