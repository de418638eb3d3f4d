/**
 * Items in the order of their sequence numbers, in segments of 1024 numbers each, so that a cursor finds its place by binary search
 * and survives any change in between. A scan walks downwards: what is added meanwhile has a higher number, so every scan ends.
 *
 * ```
 *   segment 0 [1..1023]   segment 3 [3072..4095]   segment 7 [7168..8191]
 *                                    <- cursor 3500: next are 3500, 3499, ..
 * ```
 */
const SEGMENT_BITS = 10;
/** Numbers to try for a random item before settling for any of a segment: enough while one in eight or more is still in use. */
const RANDOM_TRIES = 64;

export class ScanIndex<T extends { readonly sequence: number }> {
  readonly #segments = new Map<number, Map<number, T>>();
  /** Ids of live segments, ascending. */
  readonly #ids: number[] = [];

  add(item: T): void {
    const id = Math.floor(item.sequence / 2 ** SEGMENT_BITS);
    let segment = this.#segments.get(id);
    if (segment === undefined) {
      segment = new Map();
      this.#segments.set(id, segment);
      this.#ids.push(id);
    }
    segment.set(item.sequence, item);
  }

  remove(item: T): void {
    const id = Math.floor(item.sequence / 2 ** SEGMENT_BITS);
    const segment = this.#segments.get(id);
    if (segment === undefined) return;
    segment.delete(item.sequence);
    if (segment.size > 0) return;
    this.#segments.delete(id);
    this.#ids.splice(this.#position(id), 1);
  }

  /** The next `count` items at or below `cursor` (0: from the top), and the cursor to go on with (0: done). */
  page(cursor: number, count: number): { cursor: number; items: T[] } {
    const from = cursor === 0 ? Number.MAX_SAFE_INTEGER : cursor;
    const items: T[] = [];
    const top = Math.floor(from / 2 ** SEGMENT_BITS);
    let at = this.#position(top);
    if (this.#ids[at] !== top) at--;
    for (; at >= 0; at--) {
      const segment = this.#segments.get(this.#ids[at] as number) as Map<number, T>;
      for (const item of [...segment.values()].reverse()) {
        if (item.sequence > from) continue;
        if (items.length === count) return { cursor: item.sequence, items };
        items.push(item);
      }
    }
    return { cursor: 0, items };
  }

  /** Any item, undefined where there is none. Each is equally likely, unless nearly all around it are gone. */
  random(): T | undefined {
    if (this.#ids.length === 0) return undefined;
    const below = (limit: number) => Math.floor(Math.random() * limit);
    for (let i = 0; i < RANDOM_TRIES; i++) {
      const id = this.#ids[below(this.#ids.length)] as number;
      const item = this.#segments.get(id)?.get(id * 2 ** SEGMENT_BITS + below(2 ** SEGMENT_BITS));
      if (item !== undefined) return item;
    }
    const segment = this.#segments.get(this.#ids[below(this.#ids.length)] as number) as Map<number, T>;
    return [...segment.values()][below(segment.size)];
  }

  /** Where `id` is, or would be, among the live segments. */
  #position(id: number): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ids[middle] as number) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
