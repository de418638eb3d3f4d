import type { Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { type Accept, receiveByEvents } from './socket-servers.ts';

/**
 * Connects a client that lives in this process: to the server it is one like all others.
 * @param remoteAddress whom it speaks for.
 * @returns the client's end.
 */
export function connectInProcess(remoteAddress: string, accept: Accept): Duplex {
  const [near, far] = duplexPair();
  const socket = Object.assign(far, {
    ...{ remoteAddress, remotePort: 0, localAddress: '', localPort: 0 },
    setNoDelay: () => socket,
    destroySoon: () => far.end(() => far.destroy()),
  }) as unknown as Socket;
  // What was sent before is read first.
  far.once('close', () => setImmediate(() => near.destroy()));
  near.once('close', () => far.destroy());
  receiveByEvents(socket, accept);
  return near;
}
