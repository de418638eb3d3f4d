/**
 * What a command answers. Plain JavaScript values stand for the common RESP types, small classes for the rest:
 * number and bigint are integers, string (UTF-8) and Uint8Array are bulk strings, null is the null reply,
 * an array is an array. The writer turns them into RESP2 or RESP3.
 */
export type Reply =
  | number
  | bigint
  | string
  | Uint8Array
  | null
  | boolean
  | SimpleString
  | ByteString
  | NullArray
  | Double
  | Verbatim
  | BigNumber
  | MapReply
  | SetReply
  | BulkParts
  | Push
  | Replies
  | ServerError
  | readonly Reply[];

/** `+OK`. */
export class SimpleString {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A bulk string whose bytes are text of one character a byte (latin1), as keys and members are kept. */
export class ByteString {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** `*-1`: what RESP2 answers for no array; in RESP3 the null that stands for everything. Use `NULL_ARRAY`. */
export class NullArray {}

/** A floating point number: `,1.5` in RESP3, a bulk string in RESP2. */
export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Text meant for people: `=15:txt:..` in RESP3, a bulk string in RESP2. */
export class Verbatim {
  readonly text: string;
  /** Three characters, such as txt and mkd. */
  readonly format: string;
  constructor(text: string, format = 'txt') {
    this.text = text;
    this.format = format;
  }
}

/** A whole number of any length: `(123` in RESP3, a bulk string in RESP2. */
export class BigNumber {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
}

/** A map in RESP3, a flat array of key, value, .. in RESP2. */
export class MapReply {
  readonly entries: readonly (readonly [Reply, Reply])[];
  constructor(entries: readonly (readonly [Reply, Reply])[]) {
    this.entries = entries;
  }
}

/** A set in RESP3, an array in RESP2. */
export class SetReply {
  readonly items: readonly Reply[];
  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/** One bulk string whose bytes lie in several pieces, so that nothing has to be joined to be sent. */
export class BulkParts {
  readonly parts: readonly Uint8Array[];
  constructor(parts: readonly Uint8Array[]) {
    this.parts = parts;
  }
}

/** Sent out of band, such as a message of a channel: `>` in RESP3, an array in RESP2. */
export class Push {
  readonly items: readonly Reply[];
  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/** Several replies to one command, one after the other: SUBSCRIBE confirms each channel. */
export class Replies {
  readonly items: readonly Reply[];
  constructor(items: readonly Reply[]) {
    this.items = items;
  }
}

/**
 * An error as the client sees it. The message is the whole line after `-`: code, space, text (RedisAI has texts without a code).
 * Anything else that is thrown is a bug: it is logged with its stack and answered as an internal error.
 */
export class ServerError extends Error {
  /** Set where the connection has to be closed after the reply (protocol errors). */
  readonly fatal: boolean;
  constructor(message: string, fatal = false) {
    super(message);
    this.name = 'ServerError';
    this.fatal = fatal;
  }
}

export const NULL_ARRAY = new NullArray();
export const OK = new SimpleString('OK');
