import { errors } from '../errors.ts';
import { allocateShared } from '../tensors/shared-memory.ts';

/** A command as its arguments, the name first. Small ones are views on the read buffer: valid only until the handler returns. */
export type Arguments = readonly Buffer[];

export interface ReaderLimits {
  /** Most bytes of one bulk string (`proto-max-bulk-len`). */
  maxBulkLength: number;
}

export interface RequestHandler {
  /** Called for each complete command. Answer false to stop before the next one; `resume` goes on. */
  command(args: Arguments): boolean;
  /** Whether the client has yet to log in: it may then send short commands only. */
  isStranger?(): boolean;
}

/** Redis's limits (server.h: PROTO_INLINE_MAX_SIZE, and the argument cap of networking.c). */
export const MAX_INLINE_BYTES = 64 * 1024;
export const MAX_ARGUMENTS = 1024 * 1024;
/** What a client may send before it has logged in: enough for HELLO .. AUTH (networking.c, unauthenticated clients). */
const STRANGER_MAX_ARGUMENTS = 10;
const STRANGER_MAX_BULK_BYTES = 16 * 1024;
/** From this size on a bulk string is read straight into a SharedArrayBuffer of its own. */
export const LARGE_BULK_BYTES = 16 * 1024;

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;

/**
 * Reads requests (RESP arrays of bulk strings, or inline commands) from chunks cut at any byte.
 *
 * ```
 *  chunk:   *3\r\n $12\r\n AI.TENSORSET\r\n $1\r\n k\r\n $600000\r\n ......
 *           |<------------ views on the chunk ----------->|         |<- read into its own SharedArrayBuffer ->|
 * ```
 * A command that lies within one chunk costs no copy. Of a command that a chunk cuts off, the small arguments are copied once, and a large
 * one's missing bytes are asked for through `target`, so that the socket can read them where they belong.
 */
export class RequestReader {
  readonly #limits: ReaderLimits;
  readonly #handler: RequestHandler;
  /** Bytes left over from earlier chunks: an incomplete line or small argument, or commands held back while the handler is busy. */
  #rest: Buffer | null = null;
  #args: Buffer[] = [];
  /** How many of them no longer lie in a chunk. */
  #detached = 0;
  #argumentBytes = 0;
  /** Arguments still to come of the command being read. */
  #missing = 0;
  /** Length of the bulk string being read, -1 while its header is awaited. */
  #bulkLength = -1;
  #large: Buffer | null = null;
  #largeFilled = 0;
  #stopped = false;

  constructor(limits: ReaderLimits, handler: RequestHandler) {
    this.#limits = limits;
    this.#handler = handler;
  }

  /** Where the next bytes of a large argument belong, or null when none is being read. */
  target(): Buffer | null {
    if (this.#stopped || this.#large === null || this.#largeFilled >= this.#large.length) return null;
    return this.#large.subarray(this.#largeFilled);
  }

  /** Tells that `count` bytes were read into `target()`. */
  filled(count: number): void {
    this.#largeFilled += count;
    if (this.#large !== null && this.#largeFilled === this.#large.length) this.#parse(Buffer.alloc(0));
  }

  /** Bytes that have come and are no arguments yet. */
  get bufferedBytes(): number {
    return (this.#rest?.length ?? 0) + this.#largeFilled;
  }

  /** Room for those bytes of a large argument that are still to come: it takes no memory until then. */
  get reservedBytes(): number {
    return (this.#large?.length ?? 0) - this.#largeFilled;
  }

  /** Bytes of the arguments that an incomplete command has so far. */
  get argumentBytes(): number {
    return this.#argumentBytes;
  }

  /** Forgets what is held. A large argument would else stay until a full collection, as the connection is old when it ends. */
  drop(): void {
    this.#stopped = true;
    this.#rest = null;
    this.#args = [];
    this.#argumentBytes = 0;
    this.#large = null;
    this.#largeFilled = 0;
  }

  /**
   * Takes the next bytes, and calls the handler for each command completed.
   * @throws ServerError (fatal) on a protocol error; the connection is then of no more use.
   */
  push(chunk: Buffer): void {
    if (this.#stopped) {
      this.#rest = this.#rest === null ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
      return;
    }
    this.#parse(chunk);
  }

  /** Goes on with what was held back after the handler answered false. */
  resume(): void {
    this.#stopped = false;
    this.#parse(Buffer.alloc(0));
  }

  #parse(chunk: Buffer): void {
    let data = chunk;
    if (this.#rest !== null) {
      data = chunk.length === 0 ? this.#rest : Buffer.concat([this.#rest, chunk]);
      this.#rest = null;
    }
    const end = data.length;
    let at = 0;
    while (true) {
      if (this.#stopped) break;
      if (this.#missing === 0) {
        if (at >= end) break;
        const next = data[at] === STAR ? this.#arrayHeader(data, at) : this.#inline(data, at);
        if (next < 0) break;
        at = next;
        continue;
      }
      if (this.#bulkLength < 0) {
        const next = this.#bulkHeader(data, at);
        if (next < 0) break;
        at = next;
      }
      if (this.#large !== null) {
        const take = Math.min(this.#large.length - this.#largeFilled, end - at);
        if (take > 0) {
          data.copy(this.#large, this.#largeFilled, at, at + take);
          this.#largeFilled += take;
          at += take;
        }
        if (this.#largeFilled < this.#large.length || end - at < 2) break;
        this.#args.push(this.#large);
        this.#large = null;
        this.#largeFilled = 0;
      } else {
        if (end - at < this.#bulkLength + 2) break;
        this.#args.push(data.subarray(at, at + this.#bulkLength));
        at += this.#bulkLength;
      }
      at += 2;
      this.#bulkLength = -1;
      if (--this.#missing === 0) this.#emit();
    }
    if (at < end) this.#rest = Buffer.from(data.subarray(at));
    // Views on the chunk do not outlive it: what an unfinished command has so far is copied, once per chunk and argument.
    if (this.#args.length > 0) this.#detach(data);
  }

  #emit(): void {
    const args = this.#args;
    this.#args = [];
    this.#detached = 0;
    this.#argumentBytes = 0;
    if (!this.#handler.command(args)) this.#stopped = true;
  }

  #detach(data: Buffer): void {
    for (; this.#detached < this.#args.length; this.#detached++) {
      const arg = this.#args[this.#detached] as Buffer;
      this.#argumentBytes += arg.length;
      if (arg.buffer === data.buffer && data.length > 0) this.#args[this.#detached] = Buffer.from(arg);
    }
  }

  /** Parses `*n\r\n`; answers the offset behind it, or -1 when it is cut off. */
  #arrayHeader(data: Buffer, at: number): number {
    const lf = lineEnd(data, at);
    if (lf < 0) {
      if (data.length - at > MAX_INLINE_BYTES) throw errors.tooBigMultibulkHeader();
      return -1;
    }
    const count = parseLength(data, at + 1, lf - 1);
    if (Number.isNaN(count) || count > MAX_ARGUMENTS) throw errors.invalidMultibulkLength();
    if (count > STRANGER_MAX_ARGUMENTS && this.#handler.isStranger?.())
      throw errors.unauthenticatedMultibulk();
    if (count > 0) this.#missing = count;
    return lf + 1;
  }

  #bulkHeader(data: Buffer, at: number): number {
    if (at < data.length && data[at] !== DOLLAR) {
      throw errors.expectedDollar(String.fromCharCode(data[at] as number));
    }
    const lf = lineEnd(data, at);
    if (lf < 0) {
      if (data.length - at > MAX_INLINE_BYTES) throw errors.tooBigBulkHeader();
      return -1;
    }
    const length = parseLength(data, at + 1, lf - 1);
    if (Number.isNaN(length) || length < 0 || length > this.#limits.maxBulkLength)
      throw errors.invalidBulkLength();
    if (length > STRANGER_MAX_BULK_BYTES && this.#handler.isStranger?.()) throw errors.unauthenticatedBulk();
    this.#bulkLength = length;
    if (length >= LARGE_BULK_BYTES) {
      this.#large = Buffer.from(allocateShared(length));
      this.#largeFilled = 0;
    }
    return lf + 1;
  }

  #inline(data: Buffer, at: number): number {
    const lf = data.indexOf(LF, at);
    if (lf < 0) {
      if (data.length - at > MAX_INLINE_BYTES) throw errors.tooBigInline();
      return -1;
    }
    const to = lf > at && data[lf - 1] === CR ? lf - 1 : lf;
    const args = splitInline(data.toString('latin1', at, to));
    if (args === null) throw errors.unbalancedQuotes();
    if (args.length > 0) {
      this.#args = args.map((a) => Buffer.from(a, 'latin1'));
      this.#emit();
    }
    return lf + 1;
  }
}

/** Offset of the LF of a CRLF line that starts at `at`, or -1. */
function lineEnd(data: Buffer, at: number): number {
  const cr = data.indexOf(CR, at);
  return cr < 0 || cr + 1 >= data.length ? -1 : cr + 1;
}

/** The decimal integer in [from, to), as Redis's string2ll reads it: no plus, no leading zeros, no spaces. NaN where it is none. */
function parseLength(data: Buffer, from: number, to: number): number {
  const negative = data[from] === 45;
  let i = negative ? from + 1 : from;
  if (i >= to || to - i > 16) return Number.NaN;
  if (data[i] === 48 && (to - i > 1 || negative)) return Number.NaN;
  let value = 0;
  for (; i < to; i++) {
    const digit = (data[i] as number) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

/** Splits an inline command the way Redis's sdssplitargs does; null when quotes are unbalanced. One character is one byte. */
export function splitInline(line: string): string[] | null {
  const out: string[] = [];
  let i = 0;
  const space = (c: string | undefined) => c !== undefined && /[ \t\n\r\v\f\0]/.test(c);
  while (true) {
    while (i < line.length && space(line[i])) i++;
    if (i >= line.length) return out;
    let current = '';
    let quote: string | null = null;
    for (; ; i++) {
      const c = line[i];
      if (quote === null) {
        if (c === undefined || space(c)) break;
        if (c === '"' || c === "'") quote = c;
        else current += c;
        continue;
      }
      if (c === undefined) return null;
      if (c === quote) {
        if (line[i + 1] !== undefined && !space(line[i + 1])) return null;
        i++;
        break;
      }
      if (c !== '\\') {
        current += c;
        continue;
      }
      if (quote === "'") {
        if (line[i + 1] === "'") {
          current += "'";
          i++;
        } else current += c;
        continue;
      }
      const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(i + 1, i + 4));
      if (hex) {
        current += String.fromCharCode(Number.parseInt(hex[1] as string, 16));
        i += 3;
      } else {
        const next = line[i + 1];
        if (next === undefined) return null;
        current += ESCAPES[next] ?? next;
        i++;
      }
    }
    out.push(current);
  }
}

/** Small arguments are views on the read buffer; what waits has to keep its own. */
export function keepArgument(arg: Buffer): Buffer {
  const backing: ArrayBufferLike = arg.buffer;
  return backing instanceof SharedArrayBuffer ? arg : Buffer.from(arg);
}
