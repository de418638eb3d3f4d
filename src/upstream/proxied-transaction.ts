import { ReplyScanner } from './reply-scanner.ts';

/** What the client gets for the reply to a queued command. */
export type Decoding = (reply: Buffer) => Uint8Array | Promise<Uint8Array>;

/** These run at once between MULTI and EXEC, or are refused without an end to the transaction. */
const NOT_QUEUED = new Set(['MULTI', 'EXEC', 'DISCARD', 'WATCH', 'UNWATCH', 'QUIT', 'RESET']);
const STAR = 42;
const MINUS = 45;
const LF = 10;

/** What a client has queued since MULTI, in the order of what EXEC answers. */
export class ProxiedTransaction {
  readonly #decodings: (Decoding | null)[] = [];
  /** Whether an AI command in it writes. */
  writes = false;

  /** Notes a command that Redis queues, and what its reply becomes; null where it stays as it is. */
  queued(name: string, decoding: Decoding | null): void {
    if (!NOT_QUEUED.has(name)) this.#decodings.push(decoding);
  }

  /** Whether what EXEC answers says that the commands were run. */
  static wasRun(reply: Buffer): boolean {
    return reply[0] === STAR && reply[1] !== MINUS;
  }

  /** Whether what EXEC answers stays as it is. */
  get isPlain(): boolean {
    return this.#decodings.every((decoding) => decoding === null);
  }

  /** What EXEC answers, with the replies of AI commands as they would be. It comes in one piece, so that no message comes between. */
  async decoded(reply: Buffer): Promise<Uint8Array> {
    if (reply[0] !== STAR) return reply;
    const begin = reply.indexOf(LF) + 1;
    const replies: Buffer[] = [];
    const scanner = new ReplyScanner({ piece: (bytes) => replies.push(bytes) });
    if (reply.length > begin) scanner.push(reply.subarray(begin));
    const parts: Uint8Array[] = [reply.subarray(0, begin)];
    // One after the other: a command sees what the one before it did.
    for (const [i, bytes] of replies.entries()) parts.push((await this.#decodings[i]?.(bytes)) ?? bytes);
    return Buffer.concat(parts);
  }
}
