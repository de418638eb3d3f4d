import type { MutableValue } from './mutable-value.ts';

/** Rough cost of a member outside of its bytes. */
const MEMBER_OVERHEAD_BYTES = 130;

/** A sorted set: members (bytes as strings of one character a byte) with scores. */
export class SortedSetValue implements MutableValue {
  readonly #scores = new Map<string, number>();
  #bytes = 0;

  get length(): number {
    return this.#scores.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  clone(): SortedSetValue {
    const copy = new SortedSetValue();
    for (const [member, score] of this.#scores) copy.set(member, score);
    return copy;
  }

  scoreOf(member: string): number | undefined {
    return this.#scores.get(member);
  }

  /** @returns whether the member is new. */
  set(member: string, score: number): boolean {
    const isNew = !this.#scores.has(member);
    this.#scores.set(member, score);
    if (isNew) this.#bytes += member.length + MEMBER_OVERHEAD_BYTES;
    return isNew;
  }

  delete(member: string): boolean {
    if (!this.#scores.delete(member)) return false;
    this.#bytes -= member.length + MEMBER_OVERHEAD_BYTES;
    return true;
  }

  entries(): IterableIterator<[string, number]> {
    return this.#scores.entries();
  }
}
