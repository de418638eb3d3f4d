import net from 'node:net';
import RedisParser from 'redis-parser';

/** A connection to the server that keys are moved to. One request at a time. */
export class TargetConnection {
  readonly #socket: net.Socket;
  readonly #timeoutMs: number;
  #waiting: { resolve: (reply: unknown) => void; reject: (error: Error) => void } | null = null;

  private constructor(socket: net.Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    const settle = (reply: unknown) => {
      this.#waiting?.resolve(reply);
      this.#waiting = null;
    };
    const parser = new RedisParser({
      returnReply: settle,
      returnError: settle,
      returnFatalError: (error: Error) => this.#fail(error),
    });
    socket.on('data', (data) => parser.execute(data));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('connection closed')));
  }

  /** @throws Error when there is no connection within the time. */
  static async open(host: string, port: number, timeoutMs: number): Promise<TargetConnection> {
    const socket = net.connect({ host, port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => socket.destroy(new Error('timeout')), timeoutMs);
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
    });
    socket.removeAllListeners('error');
    return new TargetConnection(socket, timeoutMs);
  }

  /**
   * The reply to a command; an error reply is an Error that is returned, not thrown.
   * @param args strings (one character a byte), bytes, or bytes in pieces.
   * @throws Error when the connection breaks or the time is over.
   */
  async request(...args: (string | Uint8Array | readonly Uint8Array[])[]): Promise<unknown> {
    const reply = new Promise<unknown>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    this.#socket.cork();
    this.#socket.write(`*${args.length}\r\n`);
    for (const arg of args) {
      const parts = typeof arg === 'string' ? [Buffer.from(arg, 'latin1')] : [arg].flat();
      this.#socket.write(`$${parts.reduce((sum, part) => sum + (part as Uint8Array).length, 0)}\r\n`);
      for (const part of parts as Uint8Array[]) {
        this.#socket.write(Buffer.from(part.buffer, part.byteOffset, part.length));
      }
      this.#socket.write('\r\n');
    }
    this.#socket.uncork();
    const timer = setTimeout(() => this.#socket.destroy(new Error('timeout')), this.#timeoutMs);
    try {
      return await reply;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = null;
  }
}
