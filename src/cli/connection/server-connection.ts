import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import RedisParser from 'redis-parser';
import { formatAddress, type NodeAddress } from './address.ts';

/** As redis-parser gives them: strings are Buffers, an error is an Error that is returned, not thrown. */
export type ServerReply = Buffer | number | null | Error | readonly ServerReply[];

type Argument = string | Uint8Array;

/** An argument that is read while it is sent: at most a piece of it is in memory. */
export interface StreamedArgument {
  /** Bytes of all pieces together. */
  readonly length: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

interface Waiting {
  readonly resolve: (reply: ServerReply) => void;
  readonly reject: (error: Error) => void;
}

/** An error that the server answered. */
export class ServerError extends Error {
  /** As it came, without the address. */
  readonly reply: string;

  constructor(address: NodeAddress, { message }: Error) {
    super(`${formatAddress(address)}: ${message}`);
    this.reply = message;
  }
}

const CONNECT_TIMEOUT_MS = 10_000;

/** A connection to a node. Requests may be sent before earlier ones are answered. */
export class ServerConnection {
  readonly address: NodeAddress;
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #failure: Error | null = null;

  private constructor(address: NodeAddress, socket: Socket) {
    this.address = address;
    this.#socket = socket;
    const settle = (reply: unknown) => this.#waiting.shift()?.resolve(reply as ServerReply);
    const parser = new RedisParser({
      returnBuffers: true,
      returnReply: settle,
      returnError: settle,
      returnFatalError: (error) => this.#fail(error),
    });
    socket.on('data', (data) => parser.execute(data));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** Connects and logs in. @throws Error that names the address, and the reason. */
  static async open(address: NodeAddress): Promise<ServerConnection> {
    const socket = await connected(address);
    const connection = new ServerConnection(address, socket);
    if (address.password === undefined) return connection;
    const names = address.username === undefined ? [] : [address.username];
    try {
      const reply = await connection.request('AUTH', ...names, address.password);
      if (reply instanceof Error) throw reply;
      return connection;
    } catch (error) {
      connection.close();
      throw new Error(`${formatAddress(address)} does not let us in: ${(error as Error).message}`);
    }
  }

  get isOpen(): boolean {
    return this.#failure === null;
  }

  /** The reply to a command; error replies are returned. Texts are sent as UTF-8. @throws Error when the connection breaks. */
  request(...args: readonly Argument[]): Promise<ServerReply> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const reply = new Promise<ServerReply>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#socket.cork();
    this.#socket.write(`*${args.length}\r\n`);
    for (const arg of args) {
      const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg;
      this.#socket.write(`$${bytes.length}\r\n`);
      this.#socket.write(bytes);
      this.#socket.write('\r\n');
    }
    this.#socket.uncork();
    return reply;
  }

  /** The same. @throws Error also where the server answers with one. */
  async demand(...args: readonly Argument[]): Promise<Exclude<ServerReply, Error>> {
    return this.#valueOf(await this.request(...args));
  }

  #valueOf(reply: ServerReply): Exclude<ServerReply, Error> {
    if (reply instanceof Error) throw new ServerError(this.address, reply);
    return reply;
  }

  /**
   * As `demand`, for a command whose last arguments are long.
   * @param sent is told how many bytes of them have left this process.
   * @throws Error also where the pieces are not of the length that was announced; the connection is closed then.
   */
  async upload(
    args: readonly Argument[],
    streamed: readonly StreamedArgument[],
    sent: (bytes: number) => void,
  ): Promise<Exclude<ServerReply, Error>> {
    if (this.#failure !== null) throw this.#failure;
    const reply = new Promise<ServerReply>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    // It may be rejected while pieces are still read; whoever waits for it below hears of it.
    reply.catch(() => {});
    try {
      await this.#write(this.#header(args, args.length + streamed.length));
      let written = 0;
      for (const { length, pieces } of streamed) {
        await this.#write(Buffer.from(`$${length}\r\n`));
        const end = written + length;
        for await (const piece of pieces) {
          written += piece.length;
          await this.#write(piece);
          sent(Math.max(0, written - this.#socket.writableLength));
        }
        if (written !== end) throw new Error('the file changed while it was read');
        await this.#write(Buffer.from('\r\n'));
      }
      sent(written);
    } catch (error) {
      this.#fail(error as Error);
    }
    return this.#valueOf(await reply);
  }

  #header(args: readonly Argument[], count: number): Buffer {
    const bulk = (arg: Argument) => {
      const bytes = Buffer.from(arg as Uint8Array);
      return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
    };
    return Buffer.concat([Buffer.from(`*${count}\r\n`), ...args.flatMap(bulk)]);
  }

  /** Resolves once the socket takes more. */
  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        this.#socket.off('drain', go).off('close', go);
        resolve();
      };
      this.#socket.on('drain', go).on('close', go);
    });
  }

  /** Hands the socket over to someone who reads from it what is no reply; nothing may be under way. */
  detach(): Socket {
    this.#socket.removeAllListeners('data');
    this.#socket.pause();
    return this.#socket;
  }

  close(): void {
    this.#socket.destroy();
  }

  #fail(reason: Error): void {
    this.#failure ??= new Error(`${formatAddress(this.address)}: ${reason.message}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
    this.#socket.destroy();
  }
}

async function connected(address: NodeAddress): Promise<Socket> {
  const { host, port } = address;
  const secure = address.tls !== undefined;
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const socket = secure
    ? tls.connect({ ...address.tls, ...servername, host, port })
    : net.connect({ host, port, noDelay: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(secure ? 'secureConnect' : 'connect', resolve);
      socket.once('error', reject);
      socket.setTimeout(CONNECT_TIMEOUT_MS, () => reject(new Error('no answer')));
    });
  } catch (error) {
    socket.destroy();
    // Of several addresses that were tried, each has a reason of its own.
    const { message, code } = error as NodeJS.ErrnoException;
    throw new Error(`cannot connect to ${formatAddress(address)}: ${message || code}`);
  }
  socket.setTimeout(0);
  socket.removeAllListeners('timeout').removeAllListeners('error');
  return socket;
}
