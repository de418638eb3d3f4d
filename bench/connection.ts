import net from 'node:net';
import { type Reply, ReplyReader } from './reply-reader.ts';
import { type Argument, encodeRequest } from './requests.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ReplyHandler {
  /** @param arrivedAt `performance.now()` when the chunk that completed the reply was received. */
  reply(reply: Reply, arrivedAt: number): void;
  /** All replies that the last chunk completed have been handed over. */
  chunkDone(): void;
  closed(reason: Error): void;
}

const CONNECT_TIMEOUT_MS = 5000;

/** One socket to a server: bytes out, parsed replies in. Whoever has set the handler last gets the replies. */
export class Connection {
  readonly address: Address;
  readonly socket: net.Socket;
  handler: ReplyHandler | null = null;
  #arrivedAt = 0;
  #closed: Error | null = null;

  private constructor(address: Address) {
    this.address = address;
    const reader = new ReplyReader({
      reply: (reply) => this.handler?.reply(reply, this.#arrivedAt),
      failed: (reason) => this.#close(reason),
    });
    const callback = (count: number) => {
      // One reading of the clock serves all replies of a chunk: that is when they arrived, whatever parsing them takes.
      this.#arrivedAt = performance.now();
      reader.received(count);
      this.handler?.chunkDone();
      return true;
    };
    const { host, port } = address;
    this.socket = net.connect({
      host,
      port,
      noDelay: true,
      onread: { buffer: () => reader.target(), callback },
    });
  }

  /** @throws Error naming the address when nothing answers there within 5 s. */
  static async connect(address: Address): Promise<Connection> {
    const connection = new Connection(address);
    const { socket } = connection;
    try {
      await new Promise<void>((resolve, reject) => {
        const fail = (reason: string) =>
          reject(new Error(`cannot connect to ${address.host}:${address.port}: ${reason}`));
        socket.once('connect', resolve);
        socket.once('error', (error) => fail(error.message));
        socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(`no answer in ${CONNECT_TIMEOUT_MS} ms`));
      });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.setTimeout(0);
    socket.removeAllListeners('timeout');
    socket.on('error', (error) => connection.#close(error));
    socket.on('close', () => connection.#close(new Error('the server closed the connection')));
    return connection;
  }

  /** Sends one command and waits for its reply, an Error where the server answers with one. For use outside of measurements. */
  call(...args: readonly Argument[]): Promise<Reply> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.handler = { reply: resolve, chunkDone: () => {}, closed: reject };
      this.socket.write(encodeRequest(args));
    });
  }

  close(): void {
    this.handler = null;
    this.socket.destroy();
  }

  #close(reason: Error): void {
    if (this.#closed !== null) return;
    this.#closed = reason;
    this.socket.destroy();
    this.handler?.closed(reason);
  }
}

/** Where `MOVED slot host:port` sends its client, or null for any other reply; an empty host means the one that answered. */
export function movedTo(reply: Reply, from: Address): Address | null {
  if (!(reply instanceof Error)) return null;
  const match = /^MOVED \d+ (.*):(\d+)$/.exec(reply.message);
  if (match === null) return null;
  return { host: match[1] || from.host, port: Number(match[2]) };
}
