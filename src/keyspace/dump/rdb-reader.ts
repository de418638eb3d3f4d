import { latin1 } from '../../protocol/latin1.ts';
import { FormatError } from './format-error.ts';
import { lzfDecompress } from './lzf.ts';

/** Reads what RdbWriter writes, and all that Redis writes for byte strings: numbers and LZF too. Never reads past the end. */
export class RdbReader {
  /** Holds the bytes that `take` has gone over. */
  protected taken: Buffer;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.taken = this.#bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Where the next byte is. */
  get position(): number {
    return this.#at;
  }

  /** Goes to another place. @throws FormatError where it is behind the end. */
  moveTo(at: number): void {
    if (at > this.#bytes.length) throw new FormatError('cut off');
    this.#at = at;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new FormatError('cut off');
    this.#at++;
    return byte;
  }

  /** The next bytes, not copied. */
  raw(count: number): Buffer {
    const at = this.take(count);
    return this.taken.subarray(at, at + count);
  }

  /** Goes over so many bytes, without a view of them: a start reads hundreds of thousands of keys. @returns where in `taken` they begin. */
  protected take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw new FormatError('cut off');
    this.#at = at + count;
    return at;
  }

  length(): number {
    return this.#expectLength(this.byte());
  }

  /** A length of up to 64 bits, exactly. */
  long(): bigint {
    const first = this.byte();
    return first === 0x81 ? this.raw(8).readBigUInt64BE() : BigInt(this.#expectLength(first));
  }

  /** A number of elements that follow, each at least a byte: more than the bytes that are left cannot be. */
  count(): number {
    const count = this.length();
    if (count > this.left) throw new FormatError('more elements than bytes');
    return count;
  }

  string(): Uint8Array {
    const first = this.byte();
    const length = this.plainLength(first);
    return length === undefined ? this.#encoded(first) : this.raw(length);
  }

  /** A byte string as a text of one character a byte. */
  text(): string {
    const first = this.byte();
    const length = this.plainLength(first);
    if (length === undefined) return latin1(this.#encoded(first));
    const at = this.take(length);
    return this.taken.toString('latin1', at, at + length);
  }

  double(): number {
    const at = this.take(8);
    return this.taken.readDoubleLE(at);
  }

  /** A score as text, as sorted sets had it before RDB version 8. */
  textDouble(): number {
    const length = this.byte();
    if (length === 255) return Number.NEGATIVE_INFINITY;
    if (length === 254) return Number.POSITIVE_INFINITY;
    if (length === 253) throw new FormatError('a score is not a number');
    const value = Number(this.raw(length).toString('latin1'));
    if (Number.isNaN(value)) throw new FormatError('a score is not a number');
    return value;
  }

  #encoded(first: number): Uint8Array {
    switch (first) {
      case 0xc0:
        return Buffer.from(String(this.raw(1).readInt8()));
      case 0xc1:
        return Buffer.from(String(this.raw(2).readInt16LE()));
      case 0xc2:
        return Buffer.from(String(this.raw(4).readInt32LE()));
      case 0xc3: {
        const compressed = this.length();
        const plain = this.length();
        return lzfDecompress(this.raw(compressed), plain);
      }
      default:
        throw new FormatError('unknown string encoding');
    }
  }

  #expectLength(first: number): number {
    const length = this.plainLength(first);
    if (length === undefined) throw new FormatError('a length was expected');
    return length;
  }

  /** The length that begins with that byte; undefined where a specially encoded string does. */
  protected plainLength(first: number): number | undefined {
    switch (first >> 6) {
      case 0:
        return first;
      case 1:
        return ((first & 63) << 8) | this.byte();
      case 2: {
        if (first === 0x80) {
          const at = this.take(4);
          return this.taken.readUInt32BE(at);
        }
        if (first !== 0x81) throw new FormatError('unknown length encoding');
        const long = this.raw(8).readBigUInt64BE();
        return Number(long);
      }
      default:
        return undefined;
    }
  }
}
