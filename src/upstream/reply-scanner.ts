/** A reply's bytes as they come. */
export interface ReplySink {
  /**
   * @param bytes valid until this returns.
   * @param type the first byte of the reply that they belong to.
   * @param isEnd whether they are the last of it.
   */
  piece(bytes: Buffer, type: number, isEnd: boolean): void;
}

const LF = 10;
const CODES = Object.fromEntries([...'$=!*~>%|'].map((char) => [char, char.charCodeAt(0)]));
const BULKS = new Set([CODES.$, CODES['='], CODES['!']]);
const LISTS = new Set([CODES['*'], CODES['~'], CODES['>']]);
/** The first byte of a message that answers nothing (RESP3). */
export const PUSH = CODES['>'] as number;

/** Finds where the replies of a server begin and end (RESP2 and RESP3), without decoding them. */
export class ReplyScanner {
  readonly #sink: ReplySink;
  #rest: Buffer | null = null;
  /** Bytes of a bulk string that are still to come, with the end of its line. */
  #left = 0;
  /** Of each list that is open how many elements are still to come. */
  readonly #open: number[] = [];
  #type = 0;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    const data = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    let at = 0;
    let from = 0;
    while (at < data.length) {
      let isElement = true;
      if (this.#left > 0) {
        const end = Math.min(data.length, at + this.#left);
        this.#left -= end - at;
        at = end;
        if (this.#left > 0) break;
      } else {
        const end = data.indexOf(LF, at);
        if (end < 0) break;
        isElement = this.#line(data, at, end);
        at = end + 1;
      }
      if (!isElement || !this.#elementEnds()) continue;
      this.#sink.piece(data.subarray(from, at), this.#type, true);
      from = at;
    }
    if (at > from) this.#sink.piece(data.subarray(from, at), this.#type, false);
    if (at < data.length) this.#rest = Buffer.from(data.subarray(at));
  }

  /** @returns whether an element ends with the line. */
  #line(data: Buffer, at: number, end: number): boolean {
    const type = data[at] as number;
    if (this.#open.length === 0) {
      this.#type = type;
      this.#open.push(1);
    }
    const isList = LISTS.has(type);
    const isMap = type === CODES['%'] || type === CODES['|'];
    if (!isList && !isMap && !BULKS.has(type)) return true;
    const length = Number(data.toString('latin1', at + 1, end - 1));
    if (!isList && !isMap) {
      if (!(length >= 0)) return true;
      this.#left = length + 2;
      return false;
    }
    // What an attribute says is of the element behind it.
    if (type === CODES['|']) this.#open[this.#open.length - 1] = (this.#open.at(-1) ?? 0) + 1;
    if (!(length > 0)) return true;
    this.#open.push(isMap ? 2 * length : length);
    return false;
  }

  /** @returns whether the whole reply ends with it. */
  #elementEnds(): boolean {
    const open = this.#open;
    while (open.length > 0) {
      const left = (open.at(-1) as number) - 1;
      open[open.length - 1] = left;
      if (left > 0) return false;
      open.pop();
    }
    return true;
  }
}
