/** Longest text of a pickle; longer ones are damage. */
const MAX_TEXT = 16 * 2 ** 20;
const NEWLINE = 10;

/** The bytes of a pickle, one after the other. @throws RangeError past their end. */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** Big-endian, unlike all others. */
  double(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** Little-endian two's complement, its length before it. Past 2^53 it loses digits: such numbers are ends of slices only. */
  long(): number {
    const length = this.byte();
    const at = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[at + i] as number);
    return Number(BigInt.asIntN(8 * length, value));
  }

  text(): string {
    const length = this.uint32();
    if (length > MAX_TEXT) throw new RangeError('a text of a pickle is too long');
    const at = this.#take(length);
    return Buffer.from(this.#bytes.subarray(at, at + length)).toString('utf8');
  }

  line(): string {
    const end = this.#bytes.indexOf(NEWLINE, this.#at);
    if (end < 0) throw new RangeError('a pickle ends too early');
    const at = this.#take(end + 1 - this.#at);
    return Buffer.from(this.#bytes.subarray(at, end)).toString('latin1');
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new RangeError('a pickle ends too early');
    this.#at += count;
    return at;
  }
}
