import type { ScriptReply } from '../backends/script.ts';
import { ServerError } from '../protocol/reply.ts';

/** The reply of a Redis, in RESP2 or RESP3, as TorchScript sees it: that of RESP2. @throws ServerError where it is an error. */
export function parseReply(bytes: Buffer): ScriptReply {
  return new ReplyBytes(bytes).whole();
}

class ReplyBytes {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  whole(): ScriptReply {
    const type = this.#bytes[0];
    if (type === 0x2d) throw new ServerError(this.#line().slice(1));
    if (type === 0x21) {
      const length = Number(this.#line().slice(1));
      throw new ServerError(this.#bytes.toString('utf8', this.#at, this.#at + length));
    }
    return this.#value();
  }

  #value(): ScriptReply {
    const line = this.#line('latin1');
    const rest = line.slice(1);
    switch (line[0]) {
      case ':':
        return Number(rest);
      case '$':
      case '!':
        return this.#text(Number(rest));
      // The first four bytes say which kind of text it is.
      case '=':
        return this.#text(Number(rest))?.slice(4) ?? null;
      case '*':
      case '~':
      case '>':
        return this.#items(Number(rest));
      case '%':
        return this.#items(2 * Number(rest));
      case '|':
        this.#items(2 * Number(rest));
        return this.#value();
      case '#':
        return rest === 't' ? 1 : 0;
      case '_':
        return null;
      default:
        // Simple strings, doubles, big numbers, and errors within a list.
        return rest;
    }
  }

  #items(count: number): ScriptReply {
    return count < 0 ? null : Array.from({ length: count }, () => this.#value());
  }

  #text(length: number): string | null {
    if (length < 0) return null;
    const from = this.#at;
    this.#at += length + 2;
    return this.#bytes.toString('latin1', from, from + length);
  }

  #line(encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const end = this.#bytes.indexOf('\r\n', this.#at);
    const line = this.#bytes.toString(encoding, this.#at, end);
    this.#at = end + 2;
    return line;
  }
}
