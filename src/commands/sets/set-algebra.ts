import { SetValue } from '../../keyspace/values/set-value.ts';

type Operand = SetValue | undefined;

/** All members of the sets; a missing set is an empty one. */
export function union(sets: readonly Operand[]): SetValue {
  const result = new SetValue();
  for (const set of sets) for (const member of set?.members() ?? []) result.add(member);
  return result;
}

/** The members of the first set that are in none of the others. */
export function difference([first, ...others]: readonly Operand[]): SetValue {
  const result = new SetValue();
  for (const member of first?.members() ?? []) {
    if (!others.some((set) => set?.has(member) === true)) result.add(member);
  }
  return result;
}

/** The members that all of the sets have. */
export function intersection(sets: readonly Operand[]): SetValue {
  const result = new SetValue();
  for (const member of commonMembers(sets)) result.add(member);
  return result;
}

/** The members that all of the sets have, one by one: who needs only some of them stops early. */
export function* commonMembers(sets: readonly Operand[]): Iterable<string> {
  const [smallest, ...others] = [...sets].sort((a, b) => (a?.length ?? 0) - (b?.length ?? 0));
  for (const member of smallest?.members() ?? []) {
    if (others.every((set) => set?.has(member) === true)) yield member;
  }
}
