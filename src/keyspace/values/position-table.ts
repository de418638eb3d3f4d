/**
 * Names (bytes as strings of one character a byte), each once, at positions 0 to length - 1: a list for random access, a table for lookup.
 *
 * A scan walks the list downwards from its end. `remove` moves the last name to where the removed one was, so a name that stays is
 * either still in front of the scan or has been passed already, however the list changes meanwhile; what is added comes behind it.
 */
export class PositionTable {
  readonly #positions = new Map<string, number>();
  readonly #names: string[] = [];

  get length(): number {
    return this.#names.length;
  }

  /** In the order of positions; changes with the table. */
  get names(): readonly string[] {
    return this.#names;
  }

  positionOf(name: string): number | undefined {
    return this.#positions.get(name);
  }

  /** Adds a name that is not there, at the end. */
  add(name: string): void {
    this.#positions.set(name, this.#names.length);
    this.#names.push(name);
  }

  /** @returns the position that the last name has taken, or undefined where the name is not there. */
  remove(name: string): number | undefined {
    const position = this.#positions.get(name);
    if (position === undefined) return undefined;
    this.#positions.delete(name);
    const last = this.#names.pop() as string;
    if (position < this.#names.length) {
      this.#names[position] = last;
      this.#positions.set(last, position);
    }
    return position;
  }

  /** Removes a name and keeps the order of the others, in O(length). @returns its position, undefined where it is not there. */
  removeInOrder(name: string): number | undefined {
    const position = this.#positions.get(name);
    if (position === undefined) return undefined;
    this.#positions.delete(name);
    this.#names.splice(position, 1);
    for (let i = position; i < this.#names.length; i++) this.#positions.set(this.#names[i] as string, i);
    return position;
  }
}

export interface ScanRange {
  /** Positions [from, to) are next. */
  readonly from: number;
  readonly to: number;
  /** To go on with; 0 when the scan is complete. */
  readonly cursor: number;
}

/** The next positions of a scan of `length` names. @param cursor 0 to begin. */
export function scanRange(cursor: number, count: number, length: number): ScanRange {
  const to = cursor === 0 ? length : Math.min(cursor, length);
  const from = Math.max(0, to - count);
  return { from, to, cursor: from };
}
