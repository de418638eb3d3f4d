import { isInt64Text } from '../../protocol/integer-text.ts';
import type { MutableValue, Operation } from './mutable-value.ts';
import { PositionTable, type ScanRange, scanRange } from './position-table.ts';

/** Cost of a set without members, measured on 100,000 small ones. */
const BASE_BYTES = 420;
/** Rough cost of a member outside of its bytes: its places in the table and in the list. */
const MEMBER_OVERHEAD_BYTES = 75;

/** Up to that many members Redis 7.0 keeps a set of integers as an intset (set-max-intset-entries). */
const COMPACT_MEMBERS = 512;

/** A set of members, each bytes as a string of one character a byte. */
export class SetValue implements MutableValue {
  operations: Operation[] | null = null;
  readonly #members = new PositionTable();
  #bytes = BASE_BYTES;
  #compact = true;

  get length(): number {
    return this.#members.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether Redis would keep it as an intset: listed in ascending order, and scanned at once. Once it is none it stays so. */
  get compact(): boolean {
    return this.#compact;
  }

  clone(): SetValue {
    const copy = new SetValue();
    for (const member of this.members()) copy.add(member);
    copy.#compact = this.#compact;
    return copy;
  }

  has(member: string): boolean {
    return this.#members.positionOf(member) !== undefined;
  }

  /** @returns whether the member is new. */
  add(member: string): boolean {
    if (this.has(member)) return false;
    this.operations?.push(['sadd', member]);
    this.#members.add(member);
    this.#bytes += member.length + MEMBER_OVERHEAD_BYTES;
    if (this.#compact) this.#compact = this.length <= COMPACT_MEMBERS && isInt64Text(member);
    return true;
  }

  delete(member: string): boolean {
    if (this.#members.remove(member) === undefined) return false;
    this.operations?.push(['srem', member]);
    this.#bytes -= member.length + MEMBER_OVERHEAD_BYTES;
    return true;
  }

  /** Members by position, 0 to length - 1, in no particular order. */
  at(position: number): string | undefined {
    return this.#members.names[position];
  }

  /** In no particular order; changes with the set. */
  members(): readonly string[] {
    return this.#members.names;
  }

  /** In the order in which Redis lists them, where that is one that clients can tell: ascending for few integers. */
  listed(): readonly string[] {
    return this.#compact ? [...this.members()].sort(compareIntegers) : this.members();
  }

  /** The next positions of SSCAN: a member that is there from the first to the last call is among them at least once. */
  scan(cursor: number, count: number): ScanRange {
    return this.#compact ? scanRange(0, this.length, this.length) : scanRange(cursor, count, this.length);
  }
}

/** Of integers as text, without sign tricks or leading zeros: by sign, by length, then by digits. */
function compareIntegers(a: string, b: string): number {
  const negative = a.startsWith('-');
  if (negative !== b.startsWith('-')) return negative ? -1 : 1;
  const order = a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  return negative ? -order : order;
}
