import {
  LARGE_BULK_BYTES,
  MAX_ARGUMENTS,
  MAX_INLINE_BYTES,
  splitInline,
} from '../protocol/request-reader.ts';
import { allocateShared } from '../tensors/shared-memory.ts';

/** What becomes of a client's requests. */
export interface RequestSink {
  /**
   * A request begins.
   * @param name in upper case.
   * @returns whether it is taken as arguments, instead of as the bytes that the client sent.
   */
  takes(name: string): boolean;
  /** Bytes of requests that are not taken, in order, in pieces of any size. Valid until this returns. */
  raw(bytes: Buffer): void;
  /** A request that is taken. Answer false to stop before the next one; `resume` goes on. */
  command(args: Buffer[]): boolean;
}

const STAR = 42;
const DOLLAR = 36;
const LF = 10;
const LINE_END_BYTES = 2;

/**
 * Finds where a client's requests begin and end without holding what it does not need: of most it looks at the lengths only, and hands their
 * bytes on as they come. What it cannot make sense of it hands on too, for the server behind to refuse.
 */
export class RequestSplitter {
  readonly #sink: RequestSink;
  /** The most bytes of one argument. */
  readonly #maxBulkLength: () => number;
  /** The beginning of a line, or of a request whose name is not known yet. */
  #rest: Buffer | null = null;
  /** Arguments of the request that are still to come, the one that is being read among them. */
  #missing = 0;
  /** Bytes of the argument that are still to come, with the end of its line. */
  #left = 0;
  /** Of a request that is taken. */
  #args: Buffer[] | null = null;
  #isStopped = false;
  /** Whether all that comes is handed on unseen. */
  #isOpaque = false;

  constructor(sink: RequestSink, maxBulkLength: () => number) {
    this.#sink = sink;
    this.#maxBulkLength = maxBulkLength;
  }

  /** Bytes that wait to be read. */
  get heldBytes(): number {
    return this.#rest?.length ?? 0;
  }

  /** From the request on that is to come next all bytes are handed on as they are. */
  beOpaque(): void {
    this.#isOpaque = true;
  }

  /** Takes bytes of the client. They are not kept: what has to wait is copied. */
  push(chunk: Buffer): void {
    const data = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    const done = this.#isStopped ? 0 : this.#read(data);
    if (done < data.length) this.#rest = Buffer.from(data.subarray(done));
    if (!this.#isStopped && this.heldBytes > 2 * MAX_INLINE_BYTES) this.#giveUp();
  }

  /** Goes on after `command` has stopped it. */
  resume(): void {
    this.#isStopped = false;
    if (this.#rest !== null) this.push(Buffer.alloc(0));
  }

  /** @returns how many bytes are done with. */
  #read(data: Buffer): number {
    let at = 0;
    /** Bytes of requests that are not taken are handed on from here. */
    let rawFrom = 0;
    const handOn = (to: number) => {
      if (to > rawFrom) this.#sink.raw(data.subarray(rawFrom, to));
      rawFrom = to;
    };
    while (at < data.length) {
      if (this.#isOpaque) {
        handOn(data.length);
        return data.length;
      }
      const before = at;
      if (this.#left > 0) at = this.#body(data, at);
      else if (this.#missing > 0) at = this.#length(data, at);
      else {
        const begins = this.#begin(data, at);
        if (this.#args !== null) handOn(at);
        at = begins;
      }
      if (at === before && !this.#isOpaque) break;
      if (this.#args === null) continue;
      rawFrom = at;
      if (this.#missing > 0) continue;
      const args = this.#args;
      this.#args = null;
      if (this.#sink.command(args)) continue;
      this.#isStopped = true;
      return at;
    }
    handOn(at);
    return at;
  }

  /** Skips or copies bytes of an argument. @returns where they end. */
  #body(data: Buffer, at: number): number {
    const end = Math.min(data.length, at + this.#left);
    const arg = this.#args?.at(-1);
    if (arg !== undefined) {
      const filled = arg.length + LINE_END_BYTES - this.#left;
      if (filled < arg.length) data.copy(arg, filled, at, Math.min(end, at + arg.length - filled));
    }
    this.#left -= end - at;
    if (this.#left === 0) this.#missing--;
    return end;
  }

  /** @returns the end of the line with an argument's length; where it began if it is not all there. */
  #length(data: Buffer, at: number): number {
    const end = data.indexOf(LF, at);
    if (end < 0) return at;
    const length = data[at] === DOLLAR ? numberIn(data, at + 1, end - 1) : -1;
    if (length < 0 || length > this.#maxBulkLength()) {
      this.#giveUp();
      return at;
    }
    this.#left = length + LINE_END_BYTES;
    this.#args?.push(
      length >= LARGE_BULK_BYTES ? Buffer.from(allocateShared(length)) : Buffer.allocUnsafe(length),
    );
    return end + 1;
  }

  /** @returns the end of a request's name; where the request began if that is not all there. */
  #begin(data: Buffer, at: number): number {
    const end = data.indexOf(LF, at);
    if (end < 0) return at;
    if (data[at] !== STAR) return this.#inline(data, at, end);
    const count = numberIn(data, at + 1, end - 1);
    if (count === 0) return end + 1;
    if (count < 0 || count > MAX_ARGUMENTS) return this.#refused(at);
    const lengthEnd = data.indexOf(LF, end + 1);
    if (lengthEnd < 0) return at;
    const length = data[end + 1] === DOLLAR ? numberIn(data, end + 2, lengthEnd - 1) : -1;
    if (length < 0 || length > MAX_INLINE_BYTES) return this.#refused(at);
    const nameAt = lengthEnd + 1;
    if (nameAt + length + LINE_END_BYTES > data.length) return at;
    this.#missing = count - 1;
    if (this.#sink.takes(upper(data, nameAt, nameAt + length))) {
      this.#args = [Buffer.from(data.subarray(nameAt, nameAt + length))];
    }
    return nameAt + length + LINE_END_BYTES;
  }

  #inline(data: Buffer, at: number, end: number): number {
    const words = splitInline(data.toString('latin1', at, end));
    const [name = ''] = words ?? [''];
    if (name !== '' && this.#sink.takes(name.toUpperCase())) {
      this.#args = (words as string[]).map((word) => Buffer.from(word, 'latin1'));
    }
    return end + 1;
  }

  #refused(at: number): number {
    this.#giveUp();
    return at;
  }

  #giveUp(): void {
    this.#args = null;
    this.#isOpaque = true;
  }
}

/** -1 where it is no number. */
function numberIn(data: Buffer, from: number, to: number): number {
  if (to <= from || to - from > 10) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (data[at] as number) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Names come again and again: each is turned into a string of its own once. */
const NAMES = new Map<string, string>();
const MOST_NAMES = 2000;

function upper(data: Buffer, from: number, to: number): string {
  const name = data.toString('latin1', from, to);
  let found = NAMES.get(name);
  if (found === undefined) {
    found = name.toUpperCase();
    if (NAMES.size < MOST_NAMES) NAMES.set(name, found);
  }
  return found;
}
