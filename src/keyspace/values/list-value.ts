import { ChunkedArray } from './chunked-array.ts';
import type { MutableValue, Operation } from './mutable-value.ts';

/** Cost of a list without elements, measured on 100,000 small ones. */
const BASE_BYTES = 360;
/** Cost of an element outside of its bytes, measured on a million small ones. */
const ELEMENT_OVERHEAD_BYTES = 30;

export type ListEnd = 'left' | 'right';

export interface PositionSearch {
  readonly fromEnd?: boolean;
  /** Matches to pass over. */
  readonly skip?: number;
  /** Most positions wanted. */
  readonly limit: number;
  /** Most elements to look at. */
  readonly comparisons?: number;
}

/**
 * A list of elements, each its bytes as a string of one character a byte, which takes a sixth of the memory of a typed array:
 * O(1) at both ends, O(log n) by position.
 */
export class ListValue implements MutableValue {
  operations: Operation[] | null = null;
  #elements = new ChunkedArray<string>();
  #bytes = BASE_BYTES;

  get length(): number {
    return this.#elements.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  clone(): ListValue {
    const copy = new ListValue();
    copy.#elements = this.#elements.clone();
    copy.#bytes = this.#bytes;
    return copy;
  }

  /** The element at a position from 0 on. */
  at(position: number): string | undefined {
    return this.#elements.at(position);
  }

  /** The elements of [from, to). */
  slice(from: number, to: number): string[] {
    return this.#elements.slice(from, to);
  }

  push(end: ListEnd, element: string): void {
    this.insert(end === 'left' ? 0 : this.length, element);
  }

  pop(end: ListEnd): string | undefined {
    if (this.length === 0) return undefined;
    const at = end === 'left' ? 0 : this.length - 1;
    return this.remove(at, at + 1)[0];
  }

  /** Puts the element at a position, 0 to length. */
  insert(position: number, element: string): void {
    this.operations?.push(['linsert', position, element]);
    this.#elements.insert(position, element);
    this.#bytes += cost(element);
  }

  /** Replaces the element at a position that exists. */
  replace(position: number, element: string): void {
    this.operations?.push(['lset', position, element]);
    this.#bytes += cost(element) - cost(this.at(position) as string);
    this.#elements.replace(position, element);
  }

  /** Takes out and returns the elements of [from, to), which have to exist. */
  remove(from: number, to: number): string[] {
    this.operations?.push(['lremove', from, to]);
    const removed = this.#elements.remove(from, to);
    for (const element of removed) this.#bytes -= cost(element);
    return removed;
  }

  /** Removes up to `limit` elements equal to this one, the first or the last ones. @returns how many. */
  removeEqual(element: string, limit: number, fromEnd: boolean): number {
    this.operations?.push(['lrem', element, limit, fromEnd ? 1 : 0]);
    const removed = this.#elements.removeWhere(fromEnd, limit, (other) => other === element);
    this.#bytes -= removed * cost(element);
    return removed;
  }

  /** Positions of elements equal to this one, in the order met. */
  positionsOf(element: string, search: PositionSearch): number[] {
    const { fromEnd = false, skip = 0, limit, comparisons = Number.POSITIVE_INFINITY } = search;
    const found: number[] = [];
    let matches = 0;
    let compared = 0;
    this.#elements.walk(fromEnd, (candidate, position) => {
      if (candidate === element && matches++ >= skip) found.push(position);
      return ++compared < comparisons && found.length < limit;
    });
    return found;
  }
}

function cost(element: string): number {
  return element.length + ELEMENT_OVERHEAD_BYTES;
}
