import { formatDouble } from './float.ts';
import { latin1 } from './latin1.ts';
import {
  BigNumber,
  BulkParts,
  ByteString,
  Double,
  MapReply,
  NullArray,
  Push,
  Replies,
  type Reply,
  ServerError,
  SetReply,
  SimpleString,
  Verbatim,
} from './reply.ts';

/** Bulk strings from this size on are sent from where they lie; smaller ones join the text around them. */
const BY_REFERENCE_BYTES = 4096;

/** Where replies gather until the end of the turn: text (one character a byte) and, by reference, large buffers. */
export class ReplyWriter {
  /** 2 or 3; HELLO changes it. */
  protocol: 2 | 3 = 2;
  #text = '';
  #pieces: (string | Uint8Array)[] = [];
  #bytes = 0;

  /** Bytes gathered and not yet taken. */
  get pendingBytes(): number {
    return this.#bytes + this.#text.length;
  }

  /** Takes what was gathered, in order. */
  take(): (string | Uint8Array)[] {
    const pieces = this.#pieces;
    if (this.#text !== '') pieces.push(this.#text);
    this.#pieces = [];
    this.#text = '';
    this.#bytes = 0;
    return pieces;
  }

  write(reply: Reply): void {
    switch (typeof reply) {
      case 'number':
        this.#text += `:${reply}\r\n`;
        return;
      case 'bigint':
        this.#text += `:${reply}\r\n`;
        return;
      case 'string':
        this.#string(reply);
        return;
      case 'boolean':
        this.#text += this.protocol === 3 ? (reply ? '#t\r\n' : '#f\r\n') : reply ? ':1\r\n' : ':0\r\n';
        return;
    }
    if (reply === null) this.#text += this.protocol === 3 ? '_\r\n' : '$-1\r\n';
    else if (reply instanceof SimpleString) this.#text += `+${reply.text}\r\n`;
    else if (reply instanceof Uint8Array) this.#bulk(reply);
    else if (Array.isArray(reply)) this.#array('*', reply as readonly Reply[]);
    else if (reply instanceof ByteString) this.#text += `$${reply.text.length}\r\n${reply.text}\r\n`;
    else if (reply instanceof Double) this.#double(reply.value);
    else if (reply instanceof ServerError) this.#error(reply.message);
    else if (reply instanceof MapReply) this.#map(reply);
    else if (reply instanceof SetReply) this.#array(this.protocol === 3 ? '~' : '*', reply.items);
    else if (reply instanceof Push) this.#array(this.protocol === 3 ? '>' : '*', reply.items);
    else if (reply instanceof Replies) for (const item of reply.items) this.write(item);
    else if (reply instanceof BulkParts) this.#parts(reply.parts);
    else if (reply instanceof NullArray) this.#text += this.protocol === 3 ? '_\r\n' : '*-1\r\n';
    else if (reply instanceof Verbatim) this.#verbatim(reply);
    else if (reply instanceof BigNumber) this.#bigNumber(reply.digits);
  }

  /** Bytes that are a reply, or a part of one. Large ones are not copied. */
  bytes(bytes: Uint8Array): void {
    this.#raw(bytes);
  }

  #string(text: string): void {
    const length = Buffer.byteLength(text);
    const bytes = length === text.length ? text : Buffer.from(text).toString('latin1');
    this.#text += `$${length}\r\n${bytes}\r\n`;
  }

  #bulk(bytes: Uint8Array): void {
    this.#text += `$${bytes.length}\r\n`;
    this.#raw(bytes);
    this.#text += '\r\n';
  }

  #raw(bytes: Uint8Array): void {
    if (bytes.length < BY_REFERENCE_BYTES) {
      this.#text += latin1(bytes);
      return;
    }
    this.#pieces.push(this.#text, bytes);
    this.#bytes += this.#text.length + bytes.length;
    this.#text = '';
  }

  #parts(parts: readonly Uint8Array[]): void {
    this.#text += `$${parts.reduce((sum, p) => sum + p.length, 0)}\r\n`;
    for (const part of parts) this.#raw(part);
    this.#text += '\r\n';
  }

  #array(type: string, items: readonly Reply[]): void {
    this.#text += `${type}${items.length}\r\n`;
    for (const item of items) this.write(item);
  }

  #map(reply: MapReply): void {
    const size = reply.entries.length;
    this.#text += this.protocol === 3 ? `%${size}\r\n` : `*${size * 2}\r\n`;
    for (const [key, value] of reply.entries) {
      this.write(key);
      this.write(value);
    }
  }

  #double(value: number): void {
    const text = formatDouble(value);
    this.#text += this.protocol === 3 ? `,${text}\r\n` : `$${text.length}\r\n${text}\r\n`;
  }

  #bigNumber(digits: string): void {
    if (this.protocol === 3) this.#text += `(${digits}\r\n`;
    else this.#string(digits);
  }

  #verbatim({ text, format }: Verbatim): void {
    if (this.protocol === 2) {
      this.#string(text);
      return;
    }
    const bytes = Buffer.from(text).toString('latin1');
    this.#text += `=${bytes.length + 4}\r\n${format}:${bytes}\r\n`;
  }

  /** An error is one line: a line break inside would end the reply early and derail the client. */
  #error(message: string): void {
    const line = message.replace(/[\r\n]/g, ' ');
    this.#text += `-${Buffer.from(line).toString('latin1')}\r\n`;
  }
}

/** A reply as the bytes on the wire. */
export function encodeReply(reply: Reply, protocol: 2 | 3): Buffer {
  const writer = new ReplyWriter();
  writer.protocol = protocol;
  writer.write(reply);
  return Buffer.concat(
    writer.take().map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
  );
}
