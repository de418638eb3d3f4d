import net from 'node:net';
import { encode } from '../support/resp-client.ts';

/** A client that gives replies as the bytes that came, for shapes that differ between RESP2 and RESP3 and for what ends a connection. */
export class RawClient {
  readonly socket: net.Socket;
  #received = '';
  #closed = false;
  #look: () => void = () => {};

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (data) => {
      this.#received += data.toString('latin1');
      this.#look();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      this.#look();
    });
  }

  static async connect(where: net.NetConnectOpts): Promise<RawClient> {
    const socket = net.connect(where);
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  /** Sends a command and gives all bytes up to the end of the reply, which the test has to know. */
  async send(end: string, ...args: (string | Uint8Array)[]): Promise<string> {
    this.socket.write(encode(args));
    return this.until(end);
  }

  /** Everything that came, once it ends like this. Throws when the connection closes before. */
  until(end: string): Promise<string> {
    return this.#wait(() => {
      if (this.#received.endsWith(end)) return true;
      if (this.#closed) throw new Error(`closed after ${JSON.stringify(this.#received)}`);
      return false;
    });
  }

  /** Everything that came until the server closed the connection. */
  untilClosed(): Promise<string> {
    return this.#wait(() => this.#closed);
  }

  close(): void {
    this.socket.destroy();
  }

  #wait(isDone: () => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        try {
          if (!isDone()) return;
        } catch (error) {
          reject(error);
          return;
        }
        this.#look = () => {};
        const received = this.#received;
        this.#received = '';
        resolve(received);
      };
      this.#look();
    });
  }
}
