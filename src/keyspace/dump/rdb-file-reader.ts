import { readSync } from 'node:fs';
import { crc64 } from './crc64.ts';
import { FormatError } from './format-error.ts';
import { RdbReader } from './rdb-reader.ts';

const BLOCK_BYTES = 1024 * 1024;

/** Reads an RDB file front to back, a block at a time, whatever its size; what it returns are copies. */
export class RdbFileReader extends RdbReader {
  readonly #file: number;
  readonly #size: number;
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  /** Where in the file the block begins, how much of it is filled, how much of that was read. */
  #start = 0;
  #filled = 0;
  #used = 0;
  /** Of all before the block. */
  #checksum = 0n;

  /** @param file a descriptor. @param size bytes of the file. */
  constructor(file: number, size: number) {
    super(new Uint8Array(0));
    this.#file = file;
    this.#size = size;
  }

  /** Bytes from the beginning of the file. */
  override get position(): number {
    return this.#start + this.#used;
  }

  /** The CRC-64 of all before the position. */
  get checksum(): bigint {
    return crc64([this.#block.subarray(0, this.#used)], this.#checksum);
  }

  override get left(): number {
    return this.#size - this.position;
  }

  override byte(): number {
    this.#mustHave(1);
    if (this.#used === this.#filled) this.#nextBlock();
    return this.#block[this.#used++] as number;
  }

  override raw(count: number): Buffer {
    this.#mustHave(count);
    const bytes = Buffer.allocUnsafe(count);
    for (let at = 0; at < count; ) at += this.#advance(count - at, (piece) => bytes.set(piece, at));
    return bytes;
  }

  protected override take(count: number): number {
    this.taken = this.raw(count);
    return 0;
  }

  skip(count: number): void {
    this.#mustHave(count);
    for (let left = count; left > 0; ) left -= this.#advance(left);
  }

  skipString(): void {
    const first = this.byte();
    const length = this.plainLength(first);
    if (length !== undefined) this.skip(length);
    else if (first === 0xc3) {
      const compressed = this.length();
      this.length();
      this.skip(compressed);
    } else if (first <= 0xc2) this.skip(2 ** (first - 0xc0));
    else throw new FormatError('unknown string encoding');
  }

  /** The bytes from one position to another, both at or before the present one. */
  between(from: number, to: number): Buffer {
    if (from >= this.#start) return Buffer.from(this.#block.subarray(from - this.#start, to - this.#start));
    const bytes = Buffer.allocUnsafe(to - from);
    for (let at = 0; at < bytes.length; ) at += this.#readAt(bytes.subarray(at), from + at);
    return bytes;
  }

  /** Goes on by up to that many bytes and says by how many. */
  #advance(count: number, take?: (piece: Buffer) => void): number {
    if (this.#used === this.#filled) this.#nextBlock();
    const end = Math.min(this.#filled, this.#used + count);
    take?.(this.#block.subarray(this.#used, end));
    const taken = end - this.#used;
    this.#used = end;
    return taken;
  }

  #mustHave(count: number): void {
    if (count > this.left) throw new FormatError('it is cut off');
  }

  #nextBlock(): void {
    this.#checksum = this.checksum;
    this.#start += this.#filled;
    this.#used = 0;
    this.#filled = this.#readAt(this.#block, this.#start);
  }

  #readAt(target: Buffer, position: number): number {
    const wanted = Math.min(target.length, BLOCK_BYTES);
    const read = readSync(this.#file, target, 0, wanted, position);
    if (read === 0) throw new FormatError('it became shorter');
    return read;
  }
}
