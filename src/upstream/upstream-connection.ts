import type { Socket } from 'node:net';
import { Messages } from './messages.ts';
import { PUSH, ReplyScanner } from './reply-scanner.ts';
import { connectTo, type UpstreamAddress } from './upstream-address.ts';

/** What becomes of what the server sends, in its order. */
export interface UpstreamSink {
  /** Bytes for the client. */
  bytes(bytes: Buffer): void;
  /** An error for the client, a whole line. @returns what is to be said instead. */
  error?(line: Buffer): Buffer;
  /** The server takes more again. */
  drained(): void;
  /** Once; nothing comes any more. */
  closed(): void;
}

/** What is to come next: replies for the client, a reply that somebody else takes, or something that is done in its turn. */
type Expected =
  | { readonly kind: 'pass'; count: number }
  | { readonly kind: 'take'; readonly pieces: Buffer[]; readonly done: (reply: Buffer) => void }
  /** @param left how many are subscribed to, or no longer; null: all that there are. */
  | { readonly kind: 'subscription'; readonly command: string; left: number | null }
  | { readonly kind: 'local'; readonly run: () => void };

const ERROR = 45;

/** A client's own connection to Redis. Replies come in the order of requests, so each request says what becomes of its reply. */
export class UpstreamConnection {
  readonly #socket: Socket;
  readonly #sink: UpstreamSink;
  readonly #expected: Expected[] = [];
  /** Of a reply that has to be looked at as a whole. */
  #pieces: Buffer[] = [];
  #isPipe = false;
  readonly messages = new Messages();
  /** Whether replies are for nobody. */
  silent = false;

  constructor(address: UpstreamAddress, sink: UpstreamSink) {
    this.#sink = sink;
    this.#socket = connectTo(address);
    const scanner = new ReplyScanner({ piece: (bytes, type, isEnd) => this.#piece(bytes, type, isEnd) });
    this.#socket.on('data', (data) => {
      if (this.#isPipe && this.#expected.length === 0) this.#sink.bytes(data);
      else scanner.push(data);
    });
    this.#socket.on('drain', () => sink.drained());
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => sink.closed());
  }

  /** Whether no reply is awaited. */
  get isIdle(): boolean {
    return this.#expected.length === 0;
  }

  /** @returns false where the server does not take more for now. */
  send(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  /** The reply to a request is for the client. */
  pass(): void {
    const last = this.#expected.at(-1);
    if (last?.kind === 'pass') last.count++;
    else this.#expected.push({ kind: 'pass', count: 1 });
  }

  /** @param done gets the whole reply. */
  take(done: (reply: Buffer) => void): void {
    this.#expected.push({ kind: 'take', pieces: [], done });
  }

  /**
   * Changes what is subscribed to: it is confirmed for each name.
   * @param command such as `psubscribe`
   * @param count of names; null for all that there are.
   */
  subscription(command: string, count: number | null): void {
    this.#expected.push({ kind: 'subscription', command, left: count });
  }

  /** Runs something when the replies to all requests so far have gone to the client. */
  inTurn(run: () => void): void {
    this.#expected.push({ kind: 'local', run });
    this.#runLocal();
  }

  /** Once all replies that are awaited are there, bytes are handed on unseen. */
  bePipe(): void {
    this.#isPipe = true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Nothing more is sent; what is awaited still comes. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #piece(bytes: Buffer, type: number, isEnd: boolean): void {
    if (!this.messages.concerns(type) && this.#expected[0]?.kind !== 'subscription') {
      this.#answer(bytes, type, isEnd);
      return;
    }
    this.#pieces.push(bytes);
    if (!isEnd) return;
    const reply = this.#pieces.length === 1 ? bytes : Buffer.concat(this.#pieces);
    this.#pieces = [];
    if (this.messages.isMessage(reply)) this.#sink.bytes(reply);
    else if (!this.#confirms(reply, type)) this.#answer(reply, type, true);
  }

  /** @returns whether it is said of a subscription, or of nothing that was asked. */
  #confirms(reply: Buffer, type: number): boolean {
    const [next] = this.#expected;
    const confirmation = this.messages.confirmed(reply);
    if (confirmation === null && type !== PUSH) return false;
    this.#sink.bytes(reply);
    // A shard channel ends by itself, too, when its slot moves.
    if (next?.kind !== 'subscription' || confirmation?.command !== next.command) return true;
    next.left ??= Math.max(1, confirmation.before);
    if (--next.left === 0) this.#expected.shift();
    this.#runLocal();
    return true;
  }

  #answer(bytes: Buffer, type: number, isEnd: boolean): void {
    const [next] = this.#expected;
    if (next === undefined) {
      this.#sink.bytes(bytes);
      return;
    }
    if (next.kind === 'take') {
      next.pieces.push(bytes);
      if (isEnd) {
        this.#expected.shift();
        next.done(next.pieces.length === 1 ? (next.pieces[0] as Buffer) : Buffer.concat(next.pieces));
      }
    } else if (next.kind !== 'local') {
      if (!this.silent) this.#sink.bytes(type === ERROR ? (this.#sink.error?.(bytes) ?? bytes) : bytes);
      // A subscription that is refused is refused as a whole.
      if (isEnd && (next.kind === 'subscription' || --next.count === 0)) this.#expected.shift();
    }
    this.#runLocal();
  }

  #runLocal(): void {
    for (let next = this.#expected[0]; next?.kind === 'local'; next = this.#expected[0]) {
      this.#expected.shift();
      next.run();
    }
  }
}
