/** Elements that a chunk holds at most: moving that many pointers costs less than finding the chunk. */
const CHUNK_SIZE = 512;

/**
 * A sequence that is cheap to change anywhere, up to millions of elements: chunks of at most 512, and a Fenwick tree over their lengths
 * that turns a position into a chunk and back in O(log n).
 *
 * ```
 *   chunks    [a b c]  [d e]  [f g h i]        position 4 = chunk 1, offset 1
 *   lengths      3       2        4
 *   Fenwick      3       5        4            node i sums the lengths of (i - lowbit(i), i]
 * ```
 * Adding or removing a chunk makes the tree stale; it is summed up anew, in O(chunks), when a position is next looked up.
 */
export class ChunkedArray<T> {
  /** None is empty. */
  #chunks: T[][] = [];
  #length = 0;
  /** From index 1 on; undefined while stale. */
  #tree: number[] | undefined;

  get length(): number {
    return this.#length;
  }

  at(position: number): T | undefined {
    if (position < 0 || position >= this.#length) return undefined;
    const [chunk, offset] = this.#locate(position);
    return this.#chunks[chunk]?.[offset];
  }

  /** Replaces the element at a position, which has to exist. */
  replace(position: number, item: T): void {
    const [chunk, offset] = this.#locate(position);
    (this.#chunks[chunk] as T[])[offset] = item;
  }

  /** Puts the element at a position, 0 to length; those from there on move up. */
  insert(position: number, item: T): void {
    if (position === this.#length) this.#append(item);
    else if (position === 0) this.#prepend(item);
    else {
      const [index, offset] = this.#locate(position);
      const chunk = this.#chunks[index] as T[];
      chunk.splice(offset, 0, item);
      if (chunk.length > CHUNK_SIZE) {
        this.#chunks.splice(index + 1, 0, chunk.splice(CHUNK_SIZE >> 1));
        this.#tree = undefined;
      } else this.#resized(index, 1);
    }
    this.#length++;
  }

  /** Takes out and returns the elements of [from, to), which have to exist. */
  remove(from: number, to: number): T[] {
    const removed: T[] = [];
    if (from >= to) return removed;
    const [first, start] = this.#locate(from);
    let offset = start;
    let emptied = 0;
    for (let index = first; removed.length < to - from; index++) {
      const chunk = this.#chunks[index] as T[];
      const taken = take(chunk, offset, Math.min(chunk.length - offset, to - from - removed.length));
      for (const item of taken) removed.push(item);
      if (chunk.length === 0) emptied++;
      this.#resized(index, -taken.length);
      offset = 0;
    }
    this.#length -= removed.length;
    if (emptied > 0) {
      this.#chunks.splice(start === 0 ? first : first + 1, emptied);
      this.#tree = undefined;
    } else this.#mergeAround(first);
    return removed;
  }

  /** The elements of [from, to). */
  slice(from: number, to: number): T[] {
    const items: T[] = [];
    const end = Math.min(to, this.#length);
    if (from >= end) return items;
    let [index, offset] = this.#locate(from);
    for (; items.length < end - from; index++, offset = 0) {
      const chunk = this.#chunks[index] as T[];
      const stop = Math.min(chunk.length, offset + end - from - items.length);
      for (; offset < stop; offset++) items.push(chunk[offset] as T);
    }
    return items;
  }

  /** Shows the elements with their positions, from the first or from the last, until `visit` answers false. */
  walk(backwards: boolean, visit: (item: T, position: number) => boolean): void {
    let position = backwards ? this.#length - 1 : 0;
    const step = backwards ? -1 : 1;
    const chunks = this.#chunks;
    for (let index = backwards ? chunks.length - 1 : 0; index >= 0 && index < chunks.length; index += step) {
      const chunk = chunks[index] as T[];
      for (let at = backwards ? chunk.length - 1 : 0; at >= 0 && at < chunk.length; at += step) {
        if (!visit(chunk[at] as T, position)) return;
        position += step;
      }
    }
  }

  /** Removes up to `limit` elements that match, the first or, backwards, the last ones. @returns how many. */
  removeWhere(backwards: boolean, limit: number, matches: (item: T) => boolean): number {
    const chunks = this.#chunks;
    let removed = 0;
    const stays = (item: T) => {
      if (removed === limit || !matches(item)) return true;
      removed++;
      return false;
    };
    for (let i = 0; i < chunks.length && removed < limit; i++) {
      const index = backwards ? chunks.length - 1 - i : i;
      const chunk = chunks[index] as T[];
      const before = removed;
      const kept = backwards ? chunk.toReversed().filter(stays).reverse() : chunk.filter(stays);
      if (removed > before) chunks[index] = kept;
    }
    if (removed > 0) this.#compact();
    this.#length -= removed;
    return removed;
  }

  /** How many elements `isBefore` holds for: it has to hold for a beginning of the sequence and for nothing behind that. */
  countWhile(isBefore: (item: T) => boolean): number {
    const chunks = this.#chunks;
    const index = partitionPoint(chunks.length, (i) => isBefore(last(chunks[i] as T[])));
    const chunk = chunks[index];
    if (chunk === undefined) return this.#length;
    return this.#before(index) + partitionPoint(chunk.length, (i) => isBefore(chunk[i] as T));
  }

  clone(): ChunkedArray<T> {
    const copy = new ChunkedArray<T>();
    copy.#chunks = this.#chunks.map((chunk) => chunk.slice());
    copy.#length = this.#length;
    return copy;
  }

  /** Full chunks at the ends stay full, so that a sequence that only grows there is dense. */
  #append(item: T): void {
    const index = this.#chunks.length - 1;
    const chunk = this.#chunks[index];
    if (chunk === undefined || chunk.length === CHUNK_SIZE) {
      this.#chunks.push([item]);
      this.#tree = undefined;
    } else {
      chunk.push(item);
      this.#resized(index, 1);
    }
  }

  #prepend(item: T): void {
    const chunk = this.#chunks[0];
    if (chunk === undefined || chunk.length === CHUNK_SIZE) {
      this.#chunks.unshift([item]);
      this.#tree = undefined;
    } else {
      chunk.unshift(item);
      this.#resized(0, 1);
    }
  }

  /** Joins a chunk that has become small with a neighbour, so that many removals do not leave many tiny chunks. */
  #mergeAround(index: number): void {
    for (const left of [index - 1, index]) {
      const chunk = this.#chunks[left];
      const next = this.#chunks[left + 1];
      if (chunk === undefined || next === undefined || chunk.length + next.length > CHUNK_SIZE >> 1) continue;
      chunk.push(...next);
      this.#chunks.splice(left + 1, 1);
      this.#tree = undefined;
      return;
    }
  }

  /** Drops empty chunks and joins small neighbours. */
  #compact(): void {
    const chunks: T[][] = [];
    for (const chunk of this.#chunks) {
      const previous = chunks[chunks.length - 1];
      if (previous !== undefined && previous.length + chunk.length <= CHUNK_SIZE >> 1)
        previous.push(...chunk);
      else if (chunk.length > 0) chunks.push(chunk);
    }
    this.#chunks = chunks;
    this.#tree = undefined;
  }

  #resized(index: number, by: number): void {
    const tree = this.#tree;
    if (tree === undefined) return;
    for (let i = index + 1; i < tree.length; i += i & -i) tree[i] = (tree[i] as number) + by;
  }

  #sums(): number[] {
    if (this.#tree !== undefined) return this.#tree;
    const tree = [0, ...this.#chunks.map((chunk) => chunk.length)];
    for (let i = 1; i < tree.length; i++) {
      const parent = i + (i & -i);
      if (parent < tree.length) tree[parent] = (tree[parent] as number) + (tree[i] as number);
    }
    this.#tree = tree;
    return tree;
  }

  /** Elements in the chunks before the one at `index`. */
  #before(index: number): number {
    if (index === 0) return 0;
    const tree = this.#sums();
    let sum = 0;
    for (let i = index; i > 0; i -= i & -i) sum += tree[i] as number;
    return sum;
  }

  /** Chunk and offset of a position that exists. The ends, where queues live, need no tree. */
  #locate(position: number): [chunk: number, offset: number] {
    const first = this.#chunks[0] as T[];
    if (position < first.length) return [0, position];
    const final = this.#chunks.length - 1;
    const fromEnd = this.#length - position;
    const tail = this.#chunks[final] as T[];
    if (fromEnd <= tail.length) return [final, tail.length - fromEnd];
    const tree = this.#sums();
    let index = 0;
    let rest = position;
    for (let bit = 1 << (31 - Math.clz32(tree.length)); bit > 0; bit >>= 1) {
      const next = index + bit;
      if (next < tree.length && (tree[next] as number) <= rest) {
        index = next;
        rest -= tree[next] as number;
      }
    }
    return [index, rest];
  }
}

/** One element at an end is what queues take, and `splice` is slow at that. */
function take<T>(chunk: T[], offset: number, count: number): T[] {
  if (count === 1 && offset === 0) return [chunk.shift() as T];
  if (count === 1 && offset === chunk.length - 1) return [chunk.pop() as T];
  return chunk.splice(offset, count);
}

function last<T>(chunk: readonly T[]): T {
  return chunk[chunk.length - 1] as T;
}

/** The first index of [0, length) for which `isBefore` does not hold. */
function partitionPoint(length: number, isBefore: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
