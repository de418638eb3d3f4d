import { ReplyScanner } from './reply-scanner.ts';

/** What is to be sent for the reply to a queued command: its bytes, or something else. */
export type Decoding = (reply: Buffer) => void;

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

  /** Sends what EXEC answers on, with the replies of AI commands as they would be. */
  finish(reply: Buffer, send: (bytes: Buffer) => void): void {
    if (reply[0] !== STAR || this.#decodings.every((decoding) => decoding === null)) {
      send(reply);
      return;
    }
    const begin = reply.indexOf(LF) + 1;
    send(reply.subarray(0, begin));
    let index = 0;
    const scanner = new ReplyScanner({
      piece: (bytes) => {
        const decoding = this.#decodings[index++] ?? null;
        if (decoding === null) send(bytes);
        else decoding(bytes);
      },
    });
    if (reply.length > begin) scanner.push(reply.subarray(begin));
  }
}
