import Denque from 'denque';
import type { MutableValue } from './mutable-value.ts';

/** Rough cost of an element outside of its bytes. */
const ELEMENT_OVERHEAD_BYTES = 100;

/** A list of byte strings that grows and shrinks at both ends in O(1). */
export class ListValue implements MutableValue {
  readonly #elements = new Denque<Uint8Array>();
  #bytes = 0;

  get length(): number {
    return this.#elements.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  clone(): ListValue {
    const copy = new ListValue();
    for (let i = 0; i < this.length; i++) copy.push(this.at(i) as Uint8Array);
    return copy;
  }

  /** The element at an index, negative from the end. */
  at(index: number): Uint8Array | undefined {
    return this.#elements.peekAt(index);
  }

  push(element: Uint8Array): void {
    this.#elements.push(element);
    this.#bytes += element.length + ELEMENT_OVERHEAD_BYTES;
  }

  unshift(element: Uint8Array): void {
    this.#elements.unshift(element);
    this.#bytes += element.length + ELEMENT_OVERHEAD_BYTES;
  }

  pop(): Uint8Array | undefined {
    return this.#taken(this.#elements.pop());
  }

  shift(): Uint8Array | undefined {
    return this.#taken(this.#elements.shift());
  }

  #taken(element: Uint8Array | undefined): Uint8Array | undefined {
    if (element !== undefined) this.#bytes -= element.length + ELEMENT_OVERHEAD_BYTES;
    return element;
  }
}
