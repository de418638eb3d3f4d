import type { Socket } from 'node:net';
import net from 'node:net';
import { errors } from '../errors.ts';
import { isAllocationFailure } from '../tensors/shared-memory.ts';
import { Push, Replies, type Reply, ServerError } from './reply.ts';
import { ReplyWriter } from './reply-writer.ts';
import { type Arguments, type ReaderLimits, RequestReader } from './request-reader.ts';

/** Bytes read from and written to all connections. */
export interface Traffic {
  bytesIn: number;
  bytesOut: number;
}

/** Which replies are sent: all, none, all but the next one's, all but this one's. */
export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skip';

/** What a connection needs from the server around it. */
export interface ConnectionHost<C extends Connection> {
  readonly traffic: Traffic;
  readonly limits: ReaderLimits & {
    /** Most bytes that wait to be read as commands (`client-query-buffer-limit`). */
    readonly queryBytes: number;
  };
  /** Runs one command. A promise holds back this connection's next commands until it settles; other connections go on. */
  execute(connection: C, args: Arguments): Reply | undefined | Promise<Reply | undefined>;
  /** Whether the client has yet to log in. */
  isStranger(connection: C): boolean;
  closed(connection: C): void;
  /** The client is cut off, since more bytes of it wait than may. */
  flooded(connection: C): void;
  /** Bytes wait that the system did not take, so that a limit may be reached. */
  backlogged(connection: C): void;
  /**
   * Whether replies have to wait until what they acknowledge is safe. `release` is called then, with false where it cannot be made so:
   * nothing may be acknowledged.
   */
  holds(release: (safe: boolean) => void): boolean;
  /** An exception that is no ServerError: a bug to be logged. */
  bug(error: unknown, connection: C): void;
}

/** How a client came in. */
export interface Origin {
  /** Over TLS. */
  readonly secure: boolean;
  /** The unix socket's path; null for TCP. */
  readonly unixPath: string | null;
}

/** Replies that gather beyond this are sent before the next command runs, which then waits if the client does not read. */
const MAX_GATHERED_BYTES = 1024 * 1024;
/** Bytes of later commands that are taken from a client that waits. */
const MAX_HELD_BYTES = 1024 * 1024;

/** A client: bytes in, commands out, replies in the order of commands, gathered into one write per turn. */
export class Connection {
  readonly id: number;
  readonly socket: Socket;
  readonly writer = new ReplyWriter();
  readonly connectedAt = Date.now();
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly origin: Origin;
  lastCommandAt = Date.now();
  lastCommand = '';
  bytesIn = 0;
  bytesOut = 0;
  closing = false;
  replyMode: ReplyMode = 'on';
  readonly #host: ConnectionHost<Connection>;
  readonly #reader: RequestReader;
  #flushQueued = false;
  #busy = false;
  #congested = false;
  #closed = false;
  #held = false;
  /** Closes once what is held has been sent. */
  #closeAfterFlush = false;
  /** Called when less is waiting to be sent, or the connection is gone. */
  #progressed: () => void = () => {};
  readonly #closeListeners = new Set<() => void>();

  constructor(id: number, socket: Socket, host: ConnectionHost<Connection>, origin: Origin) {
    this.id = id;
    this.socket = socket;
    this.#host = host;
    this.origin = origin;
    this.remoteAddress = formatAddress(origin.unixPath ?? socket.remoteAddress, socket.remotePort);
    this.localAddress = formatAddress(origin.unixPath ?? socket.localAddress, socket.localPort);
    this.#reader = new RequestReader(host.limits, {
      command: (args) => this.#command(args),
      isStranger: () => host.isStranger(this),
    });
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('end', () => this.ended());
    socket.on('drain', () => {
      this.#congested = false;
      this.#progressed();
      this.#continue();
    });
    socket.on('close', () => {
      if (this.#closed) return;
      this.#closed = true;
      this.#progressed();
      this.#reader.drop();
      host.closed(this);
      for (const listener of this.#closeListeners) listener();
      this.#closeListeners.clear();
    });
  }

  /** Bytes waiting to be sent to the client. */
  get outputBytes(): number {
    return this.writer.pendingBytes + this.socket.writableLength;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether a command is under way that takes its time. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Bytes of requests that are no arguments yet. */
  get queryBytes(): number {
    return this.#reader.bufferedBytes;
  }

  /** Room for bytes that a request has announced. */
  get reservedBytes(): number {
    return this.#reader.reservedBytes;
  }

  /** Bytes of the arguments that an incomplete request has so far. */
  get argumentBytes(): number {
    return this.#reader.argumentBytes;
  }

  /** Whether the command that runs waits for what may never come: a client that hangs up then has given up. */
  protected get waits(): boolean {
    return false;
  }

  /** The client sends nothing more. */
  protected ended(): void {
    if (this.waits) this.kill();
    else if (!this.#busy) this.closeAfterReplies();
  }

  /** Where the socket should read to next. */
  readTarget(fallback: Buffer): Buffer {
    return this.#reader.target() ?? fallback;
  }

  /** Takes `count` bytes that were read into `buffer`. */
  received(count: number, buffer: Buffer): void {
    this.counted(count);
    if (this.closing) return;
    try {
      const target = this.#reader.target();
      if (target !== null && target.buffer === buffer.buffer && target.byteOffset === buffer.byteOffset) {
        this.#reader.filled(count);
      } else {
        this.#reader.push(count === buffer.length ? buffer : buffer.subarray(0, count));
      }
    } catch (error) {
      this.#failed(error);
      return;
    }
    // An argument that is announced beyond the limit has no chance.
    if (this.queryBytes + this.reservedBytes > this.#host.limits.queryBytes) {
      this.#host.flooded(this);
      this.kill();
    } else if (this.#busy) this.#regulate();
  }

  /**
   * Calls back once when the connection is gone: at once when it is already.
   * @returns a function that takes the listener back.
   */
  onClose(listener: () => void): () => void {
    if (this.#closed) listener();
    else this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  /** Sends something that answers no command, such as a message of a channel. */
  push(message: Reply): void {
    this.#send(message);
  }

  /** Sends bytes that are a reply, or a part of one. */
  protected pushBytes(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.writer.bytes(bytes);
    this.#send(undefined);
  }

  /** Counts bytes that were read. */
  protected counted(count: number): void {
    this.bytesIn += count;
    this.#host.traffic.bytesIn += count;
  }

  /** Sends what is gathered, then closes; a client that goes on sending is not waited for. */
  closeAfterReplies(): void {
    this.closing = true;
    this.#closeAfterFlush = true;
    this.#flush();
  }

  /**
   * Sends bytes that are no reply, no faster than the client takes them, and closes. No command of this client runs meanwhile.
   * What goes wrong before the first of them is answered as an error; later it only closes.
   * @param patienceMs a client that takes nothing for so long is given up.
   */
  async sendAndClose(chunks: AsyncIterable<Uint8Array>, patienceMs: number): Promise<void> {
    this.#busy = true;
    this.#regulate();
    let began = false;
    try {
      for await (const chunk of chunks) {
        if (!began) {
          this.#flush();
          await this.#taken(patienceMs);
        }
        began = true;
        if (this.#closed) return;
        this.#write([chunk]);
        await this.#taken(patienceMs);
      }
      this.closeAfterReplies();
    } catch (error) {
      if (this.#closed) return;
      const reply = this.asReply(error);
      if (began) this.kill();
      else {
        this.writer.write(reply);
        this.closeAfterReplies();
      }
    }
  }

  /** Closes at once; what was not sent is lost. */
  kill(): void {
    this.closing = true;
    this.socket.destroy();
  }

  #command(args: Arguments): boolean {
    if (this.closing) return false;
    this.lastCommandAt = Date.now();
    let reply: Reply | undefined | Promise<Reply | undefined>;
    try {
      reply = this.#host.execute(this, args);
    } catch (error) {
      reply = this.asReply(error);
    }
    if (reply instanceof Promise) {
      this.#busy = true;
      this.#regulate();
      reply
        .catch((error: unknown) => this.asReply(error))
        .then((settled) => {
          this.#busy = false;
          this.#answer(settled);
          this.#continue();
        });
      return false;
    }
    this.#answer(reply);
    if (this.writer.pendingBytes > MAX_GATHERED_BYTES) {
      this.#flush();
      // What may not leave yet must not pile up either.
      if (this.#held) this.#congest();
    }
    return !this.#congested && !this.closing && !this.#busy;
  }

  protected asReply(error: unknown): ServerError {
    if (error instanceof ServerError) return error;
    if (isAllocationFailure(error)) return errors.outOfMemory();
    this.#host.bug(error, this);
    return errors.internal();
  }

  /** Sends the reply to a command, unless CLIENT REPLY holds it back. */
  #answer(reply: Reply | undefined): void {
    const mode = this.replyMode;
    if (mode === 'skip-next') this.replyMode = 'skip';
    else if (mode === 'skip') this.replyMode = 'on';
    const silent = mode === 'off' || mode === 'skip';
    if (!silent || reply instanceof Push || reply instanceof Replies) this.#send(reply);
  }

  #send(reply: Reply | undefined): void {
    if (this.#closed) return;
    if (reply !== undefined) this.writer.write(reply);
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    queueMicrotask(() => {
      this.#flushQueued = false;
      this.#flush();
    });
  }

  /** Sends what is gathered, as soon as that is safe. */
  #flush(): void {
    if (this.#held) return;
    this.#held = this.#host.holds(this.#released);
    if (!this.#held) this.#sendGathered();
  }

  readonly #released = (safe: boolean): void => {
    this.#held = false;
    if (!safe) {
      this.kill();
      this.#progressed();
      return;
    }
    const wasCongested = this.#congested;
    this.#congested = this.socket.writableNeedDrain;
    this.#sendGathered();
    if (wasCongested) this.#continue();
    this.#progressed();
  };

  /** Resolves when the system has taken all that was sent, or the client is gone. */
  async #taken(patienceMs: number): Promise<void> {
    if (!this.#held && !this.#congested) return;
    const giveUp = setTimeout(() => this.kill(), patienceMs);
    while ((this.#held || this.#congested) && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#progressed = resolve;
      });
    }
    clearTimeout(giveUp);
  }

  #sendGathered(): void {
    this.#write(this.writer.take());
    if (this.#closeAfterFlush) this.socket.destroySoon();
  }

  #write(pieces: readonly (string | Uint8Array)[]): void {
    if (pieces.length === 0 || this.socket.destroyed) return;
    let accepted = true;
    if (pieces.length > 1) this.socket.cork();
    for (const piece of pieces) {
      this.bytesOut += piece.length;
      this.#host.traffic.bytesOut += piece.length;
      if (typeof piece === 'string') accepted = this.socket.write(piece, 'latin1');
      else accepted = this.socket.write(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
    }
    if (pieces.length > 1) this.socket.uncork();
    // A client that sends and does not read is not read from either, so its replies cannot pile up without bound.
    if (!accepted && this.socket.writableNeedDrain) {
      this.#congest();
      this.#host.backlogged(this);
    }
  }

  #congest(): void {
    this.#congested = true;
    this.socket.pause();
  }

  #continue(): void {
    if (this.#busy || this.#congested || this.closing || this.#closed) return;
    try {
      this.#reader.resume();
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (this.closing) return;
    if (!this.#busy && !this.#congested && this.socket.readableEnded) this.closeAfterReplies();
    else this.#regulate();
  }

  /**
   * Reads on, or not while a command runs. A client that waits is read from all the same, since only that shows that it is gone; no more
   * than `MAX_HELD_BYTES` though.
   */
  #regulate(): void {
    const held = this.waits ? this.#reader.bufferedBytes > MAX_HELD_BYTES : this.#busy;
    if (held || this.#congested) this.socket.pause();
    else this.socket.resume();
  }

  #failed(error: unknown): void {
    this.writer.write(this.asReply(error));
    this.closeAfterReplies();
  }
}

function formatAddress(host = '', port = 0): string {
  return net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

const REFUSAL_PATIENCE_MS = 1000;

/** Tells the client why it is not served and closes; what it sends meanwhile is read, or the reason would be lost with the reset. */
export function refuse(socket: Socket, reason: ServerError): void {
  socket.on('error', () => socket.destroy());
  socket.end(`-${reason.message}\r\n`);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), REFUSAL_PATIENCE_MS);
  socket.once('close', () => clearTimeout(timer));
}
