/** A table of a flatbuffer. Fields by their place in the schema; those that are absent are empty, or 0. RangeError beyond the end. */
export class Table {
  readonly #view: DataView;
  readonly #at: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  unsigned(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : this.#view.getUint32(at, true);
  }

  byte(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  integer(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : this.#view.getInt32(at, true);
  }

  float(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : this.#view.getFloat32(at, true);
  }

  integers(field: number): number[] {
    return this.#vector(field).map((at) => this.#view.getInt32(at, true));
  }

  floats(field: number): number[] {
    return this.#vector(field).map((at) => this.#view.getFloat32(at, true));
  }

  /** 64-bit integers, as far as a number holds them. */
  longs(field: number): number[] {
    return this.#vector(field, 8).map((at) => Number(this.#view.getBigInt64(at, true)));
  }

  /** A vector of bytes, not copied. */
  bytes(field: number): Uint8Array {
    const at = this.#field(field);
    if (at === undefined) return new Uint8Array(0);
    const start = at + this.#view.getUint32(at, true);
    const length = this.#view.getUint32(start, true);
    const { buffer, byteOffset, byteLength } = this.#view;
    if (start + 4 + length > byteLength) throw new RangeError('a vector is longer than the file');
    return new Uint8Array(buffer, byteOffset + start + 4, length);
  }

  text(field: number): string {
    return Buffer.from(this.bytes(field)).toString();
  }

  table(field: number): Table | undefined {
    const at = this.#field(field);
    return at === undefined ? undefined : new Table(this.#view, at + this.#view.getUint32(at, true));
  }

  tables(field: number): Table[] {
    return this.#vector(field).map((at) => new Table(this.#view, at + this.#view.getUint32(at, true)));
  }

  /** Lets two tables of a vector change places. */
  swap(field: number, a: number, b: number): void {
    const places = this.#vector(field);
    const [from, to] = [places[a], places[b]];
    if (from === undefined || to === undefined) throw new RangeError('an index beyond the end');
    // Offsets count from where they are written.
    const [first, second] = [from, to].map((at) => at + this.#view.getUint32(at, true)) as [number, number];
    this.#view.setUint32(from, second - from, true);
    this.#view.setUint32(to, first - to, true);
  }

  /** Where the elements of a vector are. */
  #vector(field: number, elementBytes = 4): number[] {
    const at = this.#field(field);
    if (at === undefined) return [];
    const start = at + this.#view.getUint32(at, true);
    const length = this.#view.getUint32(start, true);
    if (length > this.#view.byteLength / elementBytes)
      throw new RangeError('a vector is longer than the file');
    return Array.from({ length }, (_, i) => start + 4 + elementBytes * i);
  }

  #field(field: number): number | undefined {
    const vtable = this.#at - this.#view.getInt32(this.#at, true);
    const entry = 4 + 2 * field;
    if (entry >= this.#view.getUint16(vtable, true)) return undefined;
    const offset = this.#view.getUint16(vtable + entry, true);
    return offset === 0 ? undefined : this.#at + offset;
  }
}
