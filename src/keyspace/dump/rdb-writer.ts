const FIRST_BYTES = 256;
/** The most that still comes from the pool. */
const LATER_BYTES = 2048;

/**
 * Writes in the format of Redis's RDB files: https://github.com/redis/redis/blob/7.0/src/rdb.h. Large byte strings are kept by reference,
 * so a tensor's bytes are not copied.
 */
export class RdbWriter {
  readonly parts: Uint8Array[] = [];
  /** From Node's pool: most writers write little, and memory of their own costs each of them more than all else. */
  #small = Buffer.allocUnsafe(FIRST_BYTES);
  #used = 0;

  /** All that was written. */
  take(): readonly Uint8Array[] {
    this.#flush();
    return this.parts;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#small[this.#used++] = value;
  }

  /** A length, or any whole number from 0 up. */
  length(value: number | bigint): void {
    if (value < 64) this.byte(Number(value));
    else if (value < 16384) {
      const n = Number(value);
      this.byte(0x40 | (n >> 8));
      this.byte(n & 255);
    } else if (value < 2 ** 32) {
      this.#reserve(5);
      this.#small[this.#used++] = 0x80;
      this.#used = this.#small.writeUInt32BE(Number(value), this.#used);
    } else {
      this.#reserve(9);
      this.#small[this.#used++] = 0x81;
      this.#used = this.#small.writeBigUInt64BE(BigInt(value), this.#used);
    }
  }

  string(bytes: Uint8Array): void {
    this.length(bytes.length);
    if (bytes.length > 128) {
      this.#flush();
      this.parts.push(bytes);
      return;
    }
    this.#reserve(bytes.length);
    this.#small.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** A whole number of up to 53 bits in 8 bytes. */
  int64(value: number): void {
    this.#reserve(8);
    this.#used = this.#small.writeBigInt64LE(BigInt(value), this.#used);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#used = this.#small.writeDoubleLE(value, this.#used);
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#small.length) return;
    this.#flush();
    this.#small = Buffer.allocUnsafe(LATER_BYTES);
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.parts.push(this.#small.subarray(0, this.#used));
    this.#small = this.#small.subarray(this.#used);
    this.#used = 0;
  }
}
