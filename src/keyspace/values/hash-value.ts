import type { MutableValue } from './mutable-value.ts';

/** Rough cost of an element outside of its bytes: its place in the table and the objects. */
const ELEMENT_OVERHEAD_BYTES = 100;

/** A hash: values by field, both bytes; fields as strings of one character a byte, in order of insertion. */
export class HashValue implements MutableValue {
  readonly #fields = new Map<string, Uint8Array>();
  #bytes = 0;

  get length(): number {
    return this.#fields.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  clone(): HashValue {
    const copy = new HashValue();
    for (const [field, value] of this.#fields) copy.set(field, value);
    return copy;
  }

  get(field: string): Uint8Array | undefined {
    return this.#fields.get(field);
  }

  /** @param value never changes afterwards. @returns whether the field is new. */
  set(field: string, value: Uint8Array): boolean {
    const old = this.#fields.get(field);
    this.#fields.set(field, value);
    this.#bytes += value.length - (old?.length ?? 0);
    if (old === undefined) this.#bytes += field.length + ELEMENT_OVERHEAD_BYTES;
    return old === undefined;
  }

  delete(field: string): boolean {
    const old = this.#fields.get(field);
    if (old === undefined) return false;
    this.#fields.delete(field);
    this.#bytes -= old.length + field.length + ELEMENT_OVERHEAD_BYTES;
    return true;
  }

  entries(): IterableIterator<[string, Uint8Array]> {
    return this.#fields.entries();
  }
}
