import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { type ScoredMember, SortedSetValue, type Span } from '../../keyspace/values/sorted-set-value.ts';
import { ByteString, Double, type Reply } from '../../protocol/reply.ts';

/** @throws ServerError WRONGTYPE where the key holds something else. */
export function sortedSetAt(keyspace: Keyspace, key: KeyName): SortedSetValue | undefined {
  const value = keyspace.get(key);
  if (value === undefined) return undefined;
  if (value.type !== 'zset') throw errors.wrongType();
  return value.zset;
}

/** Replaces whatever the key holds by a sorted set of these members; none of them: by nothing. A score of -0 becomes 0. @returns how many. */
export function storeSortedSet(keyspace: Keyspace, key: KeyName, members: readonly ScoredMember[]): number {
  const zset = new SortedSetValue();
  for (const { member, score } of members) zset.set(member, score + 0);
  if (zset.length === 0) keyspace.delete(key);
  else keyspace.set(key, { type: 'zset', zset });
  return zset.length;
}

/** Removes the members of [from, to) of the sorted set under the key. */
export function removeSpan(
  keyspace: Keyspace,
  key: KeyName,
  zset: SortedSetValue,
  span: Span,
): readonly ScoredMember[] {
  const removed = zset.removeSpan(span);
  if (removed.length > 0) keyspace.changed(key);
  return removed;
}

/** Members as a flat array; with scores they are pairs in RESP3. */
export function membersReply(
  members: readonly ScoredMember[],
  withScores: boolean,
  protocol: 2 | 3,
): readonly Reply[] {
  if (!withScores) return members.map(({ member }) => new ByteString(member));
  return protocol === 3 ? members.map(pairReply) : members.flatMap(pairReply);
}

export function pairReply({ member, score }: ScoredMember): readonly Reply[] {
  return [new ByteString(member), new Double(score)];
}
