import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { SetValue } from '../../keyspace/values/set-value.ts';
import { ByteString, type Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt } from '../arguments.ts';

/** @throws ServerError WRONGTYPE. */
export function readSet(keyspace: Keyspace, key: KeyName): SetValue | undefined {
  const value = keyspace.get(key);
  if (value === undefined) return undefined;
  if (value.type !== 'set') throw errors.wrongType();
  return value.set;
}

/**
 * The sets under the keys from the argument at `first` to the one before `end`, undefined where there is none.
 * @throws ServerError WRONGTYPE if any of them is something else.
 */
export function readSets(
  keyspace: Keyspace,
  args: Arguments,
  first: number,
  end = args.length,
): (SetValue | undefined)[] {
  return args.slice(first, end).map((_, i) => readSet(keyspace, keyAt(args, first + i)));
}

/** Puts a set in place of what is under the key; an empty one deletes it. @returns the number of members. */
export function storeSet(keyspace: Keyspace, key: KeyName, set: SetValue): number {
  if (set.length === 0) keyspace.delete(key);
  else keyspace.set(key, { type: 'set', set });
  return set.length;
}

/**
 * Adds members to the set under the key, a new one where there is none.
 * @returns how many are new. @throws ServerError WRONGTYPE.
 */
export function addMembers(keyspace: Keyspace, key: KeyName, members: readonly string[]): number {
  const present = readSet(keyspace, key);
  const set = present ?? new SetValue();
  let added = 0;
  for (const member of members) if (set.add(member)) added++;
  if (present === undefined) keyspace.set(key, { type: 'set', set });
  else if (added > 0) keyspace.changed(key);
  return added;
}

export function asReplies(members: readonly string[]): Reply[] {
  return members.map((name) => new ByteString(name));
}
