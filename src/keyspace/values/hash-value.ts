import type { MutableValue, Operation } from './mutable-value.ts';
import { PositionTable, type ScanRange, scanRange } from './position-table.ts';

/** Cost of a hash without fields, measured on 100,000 small ones. */
const BASE_BYTES = 600;
/** Rough cost of a field outside of its bytes: its places in the table and the lists, and the value's object. */
const FIELD_OVERHEAD_BYTES = 100;

/** Up to these sizes Redis 7.0 keeps a hash as a listpack (hash-max-listpack-entries, hash-max-listpack-value). */
const COMPACT_FIELDS = 128;
const COMPACT_BYTES = 64;

/**
 * A hash: values by field, both bytes; fields as strings of one character a byte. So are values, which takes half the memory of typed
 * arrays, unless they are large and lie in a SharedArrayBuffer already.
 */
export class HashValue implements MutableValue {
  operations: Operation[] | null = null;
  readonly #fields = new PositionTable();
  readonly #values: (string | Uint8Array)[] = [];
  #bytes = BASE_BYTES;
  #compact = true;

  get length(): number {
    return this.#values.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether Redis would keep it as a listpack: in order of insertion, and scanned at once. Once it has grown large it stays so. */
  get compact(): boolean {
    return this.#compact;
  }

  clone(): HashValue {
    const copy = new HashValue();
    for (const [field, value] of this.entries()) copy.set(field, value);
    copy.#compact = this.#compact;
    return copy;
  }

  get(field: string): Uint8Array | undefined {
    const position = this.#fields.positionOf(field);
    return position === undefined ? undefined : this.valueAt(position);
  }

  has(field: string): boolean {
    return this.#fields.positionOf(field) !== undefined;
  }

  /**
   * @param value kept as it is where it lies in a SharedArrayBuffer, and then never changes; copied otherwise.
   * @returns whether the field is new.
   */
  set(field: string, value: Uint8Array): boolean {
    const position = this.#fields.positionOf(field);
    const kept = keptForm(value);
    this.operations?.push(['hset', field, kept]);
    if (position === undefined) {
      this.#fields.add(field);
      this.#values.push(kept);
      this.#bytes += field.length + value.length + FIELD_OVERHEAD_BYTES;
    } else {
      this.#bytes += value.length - (this.#values[position] as string | Uint8Array).length;
      this.#values[position] = kept;
    }
    if (field.length > COMPACT_BYTES || value.length > COMPACT_BYTES || this.length > COMPACT_FIELDS) {
      this.#compact = false;
    }
    return position === undefined;
  }

  delete(field: string): boolean {
    const position = this.#compact ? this.#fields.removeInOrder(field) : this.#fields.remove(field);
    if (position === undefined) return false;
    this.operations?.push(['hdel', field]);
    this.#bytes -=
      field.length + (this.#values[position] as string | Uint8Array).length + FIELD_OVERHEAD_BYTES;
    if (this.#compact) this.#values.splice(position, 1);
    else {
      const last = this.#values.pop() as string | Uint8Array;
      if (position < this.#values.length) this.#values[position] = last;
    }
    return true;
  }

  /** Fields by position, 0 to length - 1. */
  get fields(): readonly string[] {
    return this.#fields.names;
  }

  /** The value of the field at a position that exists. */
  valueAt(position: number): Uint8Array {
    const kept = this.#values[position] as string | Uint8Array;
    return typeof kept === 'string' ? Buffer.from(kept, 'latin1') : kept;
  }

  *entries(): IterableIterator<[string, Uint8Array]> {
    const fields = this.fields;
    for (let i = 0; i < fields.length; i++) yield [fields[i] as string, this.valueAt(i)];
  }

  /** The next positions of HSCAN: a field that is there from the first to the last call is among them at least once. */
  scan(cursor: number, count: number): ScanRange {
    return this.#compact ? scanRange(0, this.length, this.length) : scanRange(cursor, count, this.length);
  }
}

function keptForm(value: Uint8Array): string | Uint8Array {
  const backing: ArrayBufferLike = value.buffer;
  if (backing instanceof SharedArrayBuffer) return value;
  return Buffer.from(backing, value.byteOffset, value.length).toString('latin1');
}
