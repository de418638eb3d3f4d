import { ChunkedArray } from './chunked-array.ts';
import type { MutableValue, Operation } from './mutable-value.ts';

/** Cost of a sorted set without members, measured on 100,000 small ones. */
const BASE_BYTES = 740;
/** Cost of a member outside of its bytes: its places in the table, the order and the scan list, measured on a million of them. */
const MEMBER_OVERHEAD_BYTES = 140;

/** A member, its bytes as a string of one character a byte, and its score. */
export interface ScoredMember {
  readonly member: string;
  readonly score: number;
}

interface Entry extends ScoredMember {
  score: number;
  /** Where it is in the scan list. */
  place: number;
}

/** One bound of a range of scores or of members. */
export interface Bound<T> {
  readonly value: T;
  readonly exclusive: boolean;
}

/** Positions [from, to) in the order of the set. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A bound of members; -1 and 1 are before and after all of them. */
export type LexBound = Bound<string> | -1 | 1;

/**
 * A sorted set: members in the order of their scores, those with the same score in the order of their bytes; strings of one character a
 * byte compare like bytes. Changes and ranks cost O(log n). The scan list beside it is in no order: a scan walks it downwards, and a
 * removal moves the last member, already seen or still to come either way, so a member that stays is not missed when its score changes.
 */
export class SortedSetValue implements MutableValue {
  operations: Operation[] | null = null;
  readonly #members = new Map<string, Entry>();
  readonly #order = new ChunkedArray<Entry>();
  readonly #scanList: Entry[] = [];
  #bytes = BASE_BYTES;

  get length(): number {
    return this.#members.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  clone(): SortedSetValue {
    const copy = new SortedSetValue();
    for (const { member, score } of this.slice(0, this.length)) copy.set(member, score);
    return copy;
  }

  scoreOf(member: string): number | undefined {
    return this.#members.get(member)?.score;
  }

  /**
   * Adds the member or changes its score; -0 and 0 are the same score.
   * @param score not NaN. @returns whether the member is new.
   */
  set(member: string, score: number): boolean {
    this.operations?.push(['zset', member, score]);
    const old = this.#members.get(member);
    if (old !== undefined) {
      if (old.score !== score) {
        const at = this.#positionOf(old);
        this.#order.remove(at, at + 1);
        old.score = score;
        this.#order.insert(this.#positionOf(old), old);
      }
      return false;
    }
    const entry: Entry = { member, score, place: this.#scanList.length };
    this.#members.set(member, entry);
    this.#scanList.push(entry);
    this.#order.insert(this.#positionOf(entry), entry);
    this.#bytes += member.length + MEMBER_OVERHEAD_BYTES;
    return true;
  }

  delete(member: string): boolean {
    const entry = this.#members.get(member);
    if (entry === undefined) return false;
    const at = this.#positionOf(entry);
    this.removeSpan({ from: at, to: at + 1 });
    return true;
  }

  /** Takes out and returns the members of [from, to), which have to exist. */
  removeSpan({ from, to }: Span): readonly ScoredMember[] {
    const removed = this.#order.remove(from, to);
    for (const entry of removed) {
      this.operations?.push(['zdel', entry.member]);
      this.#members.delete(entry.member);
      const last = this.#scanList.pop() as Entry;
      if (last !== entry) {
        this.#scanList[entry.place] = last;
        last.place = entry.place;
      }
      this.#bytes -= entry.member.length + MEMBER_OVERHEAD_BYTES;
    }
    return removed;
  }

  /** How many members come before this one; undefined where it is absent. */
  rankOf(member: string): number | undefined {
    const entry = this.#members.get(member);
    return entry === undefined ? undefined : this.#positionOf(entry);
  }

  /** The members of [from, to) in order. */
  slice(from: number, to: number): readonly ScoredMember[] {
    return this.#order.slice(from, to);
  }

  /** Members in no particular order, by place: 0 to length - 1. */
  atPlace(place: number): ScoredMember | undefined {
    return this.#scanList[place];
  }

  /** The members whose scores lie between the bounds. */
  spanOfScores(min: Bound<number>, max: Bound<number>): Span {
    const from = this.#order.countWhile(({ score }) =>
      min.exclusive ? score <= min.value : score < min.value,
    );
    const to = this.#order.countWhile(({ score }) =>
      max.exclusive ? score < max.value : score <= max.value,
    );
    return { from, to: Math.max(from, to) };
  }

  /** The members that lie between the bounds by their bytes: for sets whose scores are all the same. */
  spanOfMembers(min: LexBound, max: LexBound): Span {
    const from = this.#countBelow(min, (bound) => bound.exclusive);
    const to = this.#countBelow(max, (bound) => !bound.exclusive);
    return { from, to: Math.max(from, to) };
  }

  #countBelow(bound: LexBound, countsEqual: (bound: Bound<string>) => boolean): number {
    if (typeof bound === 'number') return bound < 0 ? 0 : this.length;
    const withEqual = countsEqual(bound);
    return this.#order.countWhile(({ member }) => (withEqual ? member <= bound.value : member < bound.value));
  }

  /** Where the entry is or would be. */
  #positionOf({ member, score }: ScoredMember): number {
    return this.#order.countWhile(
      (other) => other.score < score || (other.score === score && other.member < member),
    );
  }
}
