import net from 'node:net';
import RedisParser from 'redis-parser';

type Argument = string | number | Uint8Array;

/** Replies as redis-parser gives them, bulk strings as Buffers; errors are values, so that a test can compare their whole text. */
export type Parsed = Buffer | string | number | null | Error | Parsed[];

/** A plain RESP2 client for tests: what is sent is exactly what the test says. */
export class RespClient {
  readonly socket: net.Socket;
  readonly #waiting: ((reply: Parsed) => void)[] = [];
  readonly #failed: ((error: Error) => void)[] = [];
  #closed: Error | null = null;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    const next = (reply: Parsed) => {
      this.#failed.shift();
      this.#waiting.shift()?.(reply);
    };
    const parser = new RedisParser({
      returnBuffers: true,
      returnReply: (reply: unknown) => next(asText(reply as Parsed)),
      returnError: (error: Error) => next(error),
      returnFatalError: (error: Error) => this.#close(error),
    });
    socket.on('data', (data) => parser.execute(data));
    socket.on('error', () => {});
    socket.on('close', () => this.#close(new Error('connection closed')));
  }

  static async connect(port: number): Promise<RespClient> {
    const socket = net.connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    return new RespClient(socket);
  }

  /** Sends a command; the promise gives its reply, errors included, and rejects only when the connection closes. */
  send(...args: Argument[]): Promise<Parsed> {
    this.socket.write(encode(args));
    return this.reply();
  }

  /** Waits for the next reply to bytes that were written to `socket` by hand. */
  reply(): Promise<Parsed> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      this.#failed.push(reject);
    });
  }

  /** Sends a command and gives the text of its error. */
  async error(...args: Argument[]): Promise<string> {
    const reply = await this.send(...args);
    return reply instanceof Error ? reply.message : `no error: ${JSON.stringify(reply)}`;
  }

  close(): void {
    this.socket.destroy();
  }

  #close(error: Error): void {
    this.#closed ??= error;
    this.#waiting.length = 0;
    for (const reject of this.#failed.splice(0)) reject(error);
  }
}

export function encode(args: readonly Argument[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = arg instanceof Uint8Array ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** Simple strings arrive as Buffers too; text is easier to compare, and bytes that are no text stay bytes. */
function asText(reply: Parsed): Parsed {
  if (Array.isArray(reply)) return reply.map(asText);
  if (!Buffer.isBuffer(reply)) return reply;
  const text = reply.toString('utf8');
  return Buffer.from(text, 'utf8').equals(reply) ? text : reply;
}

/** The little-endian bytes of 32-bit floats. */
export function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
