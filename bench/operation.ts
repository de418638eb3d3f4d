import type { Reply } from './reply-reader.ts';

/** Looks at one reply; answers what is wrong with it, or null. */
export type ReplyCheck = (reply: Reply) => string | null;

/** Repetitions of small operations are sent from one buffer up to this size. */
const JOINED_BYTES = 64 * 1024;

/** What a client sends again and again: one or several commands in one piece, encoded once, and the check of each reply. */
export class Operation {
  readonly checks: readonly ReplyCheck[];
  readonly #bytes: Buffer;
  readonly #joined: (Buffer | undefined)[] = [];

  constructor(bytes: Buffer, checks: readonly ReplyCheck[]) {
    this.#bytes = bytes;
    this.checks = checks;
  }

  /** The bytes of `count` operations, as the pieces to write. */
  times(count: number): readonly Buffer[] {
    if (count === 1) return [this.#bytes];
    if (count * this.#bytes.length > JOINED_BYTES) return new Array<Buffer>(count).fill(this.#bytes);
    this.#joined[count] ??= Buffer.concat(new Array<Buffer>(count).fill(this.#bytes));
    return [this.#joined[count] as Buffer];
  }
}

/** The reply has to be `+OK`. */
export const expectOk: ReplyCheck = (reply) =>
  Buffer.isBuffer(reply) && reply.length === 2 && reply[0] === 79 && reply[1] === 75
    ? null
    : `OK expected, got ${describe(reply)}`;

/** What a reply is, short enough for a line. */
export function describe(reply: Reply): string {
  if (reply === null) return 'nil';
  if (reply instanceof Error) return reply.message;
  if (Array.isArray(reply))
    return `an array of ${reply.length}: ${reply.map(describe).join(', ')}`.slice(0, 160);
  if (typeof reply === 'number') return String(reply);
  const text = reply.toString('latin1', 0, 60);
  return /^[\x20-\x7e]*$/.test(text) && reply.length <= 60 ? text : `${reply.length} bytes`;
}
