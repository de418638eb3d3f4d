/**
 * Items in no particular order: adding, removing and drawing one take O(1), however many have come and gone. Each item keeps its own place,
 * -1 where it is in no list, in the field of that name.
 */
export class DrawList<F extends string, T extends Record<F, number>> {
  readonly #field: F;
  readonly #items: T[] = [];

  constructor(field: F) {
    this.#field = field;
  }

  has(item: T): boolean {
    return item[this.#field] >= 0;
  }

  /** Adds an item that is not there. */
  add(item: T): void {
    this.#place(item, this.#items.length);
    this.#items.push(item);
  }

  /** Removes an item that is there. */
  remove(item: T): void {
    const place: number = item[this.#field];
    const last = this.#items.pop() as T;
    if (last !== item) {
      this.#items[place] = last;
      this.#place(last, place);
    }
    this.#place(item, -1);
  }

  /** Any item, undefined where there is none. @param random in [0, 1). */
  draw(random: number): T | undefined {
    return this.#items[Math.floor(random * this.#items.length)];
  }

  #place(item: Record<F, number>, place: number): void {
    item[this.#field] = place;
  }
}
