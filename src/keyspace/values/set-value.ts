import type { MutableValue } from './mutable-value.ts';

/** Rough cost of a member outside of its bytes: its places in the table and in the list. */
const MEMBER_OVERHEAD_BYTES = 80;

/**
 * A set of members, each bytes as a string of one character a byte. The list beside the table gives random members, and a scan a place
 * to go on from: it walks the list downwards, and a removal moves the last member, already seen or still to come either way.
 */
export class SetValue implements MutableValue {
  readonly #positions = new Map<string, number>();
  readonly #members: string[] = [];
  #bytes = 0;

  get length(): number {
    return this.#members.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  clone(): SetValue {
    const copy = new SetValue();
    for (const member of this.#members) copy.add(member);
    return copy;
  }

  has(member: string): boolean {
    return this.#positions.has(member);
  }

  /** @returns whether the member is new. */
  add(member: string): boolean {
    if (this.#positions.has(member)) return false;
    this.#positions.set(member, this.#members.length);
    this.#members.push(member);
    this.#bytes += member.length + MEMBER_OVERHEAD_BYTES;
    return true;
  }

  delete(member: string): boolean {
    const position = this.#positions.get(member);
    if (position === undefined) return false;
    this.#positions.delete(member);
    const last = this.#members.pop() as string;
    if (last !== member) {
      this.#members[position] = last;
      this.#positions.set(last, position);
    }
    this.#bytes -= member.length + MEMBER_OVERHEAD_BYTES;
    return true;
  }

  /** Members by position, 0 to length - 1, in no particular order. */
  at(position: number): string | undefined {
    return this.#members[position];
  }

  members(): readonly string[] {
    return this.#members;
  }
}
