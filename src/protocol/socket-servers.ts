import type { Server, Socket } from 'node:net';
import net from 'node:net';
import tls from 'node:tls';
import type { Connection } from './connection.ts';

/** Makes the connection of an accepted socket, or refuses it with null. */
export type Accept = (socket: Socket) => Connection | null;

const READ_BUFFER_BYTES = 64 * 1024;

/**
 * One read buffer serves all connections: libuv fills it and calls back within the same turn, and the reader keeps no view on it.
 * Windows hands the buffer to the kernel ahead of time, so there each connection has its own.
 */
const sharedReadBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

/** What Node keeps in a Socket and does not document. */
type InternalSocket = Socket & { _handle: unknown; _server: unknown };

/**
 * Makes a server whose accepted sockets read into buffers that we choose (`onread`), so that large payloads land in their SharedArrayBuffer
 * without a copy. Node takes `onread` only when the Socket object is made, and `net.Server` makes it itself, so its handle is moved
 * to a Socket of our own. Where a Node version has no such handle, sockets deliver `data` events and large payloads are copied once.
 */
export function createServer(accept: Accept): Server {
  // A client that has sent all that it wants still gets its replies.
  return net.createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (accepted) => {
    const holder = accepted as InternalSocket;
    const handle = holder._handle;
    if (handle === null || handle === undefined) {
      receiveByEvents(accepted, accept);
      return;
    }
    holder._handle = null;
    let connection: Connection | null = null;
    const readBuffer =
      process.platform === 'win32' ? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES) : sharedReadBuffer;
    const options = {
      handle,
      readable: true,
      writable: true,
      allowHalfOpen: true,
      onread: {
        buffer: () => connection?.readTarget(readBuffer) ?? readBuffer,
        callback: (count: number, buffer: Uint8Array) => {
          connection?.received(count, buffer as Buffer);
          return true;
        },
      },
    };
    const socket = new net.Socket(options as unknown as net.SocketConstructorOpts);
    // The server counts its connections by this field; without it close() would wait for ever.
    (socket as InternalSocket)._server = holder._server;
    connection = accept(socket);
    if (connection === null) return;
    socket.once('close', () => forgetReadBuffer(socket));
    socket.resume();
  });
}

/** Makes a server for TLS. Its sockets decrypt into chunks of their own, so a large payload is copied once, to where it belongs. */
export function createTlsServer(
  options: tls.TlsOptions,
  accept: (socket: tls.TLSSocket) => Connection | null,
): tls.Server {
  return tls.createServer(options, (socket) => {
    // Not before: a handshake that the client gives up has to end.
    socket.allowHalfOpen = true;
    receiveByEvents(socket, () => accept(socket));
  });
}

export function receiveByEvents(socket: Socket, accept: Accept): void {
  const connection = accept(socket);
  if (connection === null) return;
  socket.on('data', (chunk) => connection.received(chunk.length, chunk));
  socket.resume();
}

/** A Socket remembers the buffer that it read into last. An old one that is closed would keep a large buffer until a full collection. */
function forgetReadBuffer(socket: Socket): void {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'kBuffer');
  if (symbol !== undefined) (socket as unknown as Record<symbol, unknown>)[symbol] = null;
}
