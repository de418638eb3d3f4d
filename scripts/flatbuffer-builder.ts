/** What a field of a table, or a vector, may hold. Inline numbers come with their type; the others are references. */
export type Value =
  | { readonly i32: number }
  | { readonly u8: number }
  | { readonly f32: number }
  | string
  | Int32Array
  | Float32Array
  | BigInt64Array
  | Uint8Array
  | TableFields
  | readonly TableFields[];

/** A table's values by the places of their fields in the schema. */
export type TableFields = { readonly fields: { readonly [place: number]: Value } };

/** A table for `buildFlatbuffer`. */
export function table(fields: TableFields['fields']): TableFields {
  return { fields };
}

/** Serializes a tree of tables, from front to back: what is referred to lies behind what refers to it. */
export function buildFlatbuffer(root: TableFields, identifier: string): Buffer {
  const writer = new Writer();
  const at = writer.reserve(4, 4);
  writer.text(identifier);
  writer.refer(at, writer.value(root));
  return writer.finish();
}

class Writer {
  #bytes = Buffer.alloc(1 << 16);
  #length = 0;

  /** The next place with that alignment, behind which `size` bytes are zero. */
  reserve(size: number, alignment: number, before = 0): number {
    while ((this.#length + before) % alignment !== 0) this.#length++;
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) throw new Error('the model is too large for this builder');
    return at;
  }

  text(text: string): void {
    this.#bytes.write(text, this.reserve(text.length, 1), 'latin1');
  }

  refer(from: number, to: number): void {
    this.#bytes.writeUInt32LE(to - from, from);
  }

  /** Where the value is. */
  value(value: Value): number {
    if (typeof value === 'string') return this.#vector(Buffer.from(`${value}\0`), value.length, 1);
    if (ArrayBuffer.isView(value)) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      // Weights are aligned to 16 bytes, as TFLite wants them.
      return this.#vector(bytes, value.length, value instanceof Uint8Array ? 16 : value.BYTES_PER_ELEMENT);
    }
    if (Array.isArray(value)) return this.#tables(value as readonly TableFields[]);
    if ('fields' in value) return this.#table(value);
    throw new Error('an inline number has no place of its own');
  }

  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.reserve(0, 16)));
  }

  #vector(bytes: Buffer, length: number, alignment: number): number {
    const at = this.reserve(4 + bytes.length, Math.max(4, alignment), 4);
    this.#bytes.writeUInt32LE(length, at);
    bytes.copy(this.#bytes, at + 4);
    return at;
  }

  #tables(tables: readonly TableFields[]): number {
    const at = this.reserve(4 + 4 * tables.length, 4);
    this.#bytes.writeUInt32LE(tables.length, at);
    for (const [i, each] of tables.entries()) this.refer(at + 4 + 4 * i, this.value(each));
    return at;
  }

  /** Each field takes 4 bytes, in the order of their places. */
  #table({ fields }: TableFields): number {
    const places = Object.keys(fields).map(Number);
    const count = places.length === 0 ? 0 : Math.max(...places) + 1;
    const vtable = this.reserve(4 + 2 * count, 2);
    const at = this.reserve(4 + 4 * places.length, 4);
    this.#bytes.writeUInt16LE(4 + 2 * count, vtable);
    this.#bytes.writeUInt16LE(4 + 4 * places.length, vtable + 2);
    this.#bytes.writeInt32LE(at - vtable, at);
    places.forEach((place, i) => {
      this.#bytes.writeUInt16LE(4 + 4 * i, vtable + 4 + 2 * place);
    });
    for (const [i, place] of places.entries()) this.#field(at + 4 + 4 * i, fields[place] as Value);
    return at;
  }

  #field(at: number, value: Value): void {
    if (typeof value === 'object' && 'i32' in value) this.#bytes.writeInt32LE(value.i32, at);
    else if (typeof value === 'object' && 'u8' in value) this.#bytes.writeUInt8(value.u8, at);
    else if (typeof value === 'object' && 'f32' in value) this.#bytes.writeFloatLE(value.f32, at);
    else this.refer(at, this.value(value));
  }
}
