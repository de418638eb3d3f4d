import { randomInt } from 'node:crypto';
import { errors } from '../../errors.ts';
import type { ScoredMember, SortedSetValue } from '../../keyspace/values/sorted-set-value.ts';
import { ByteString } from '../../protocol/reply.ts';
import { keyAt, keywordAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { membersReply, sortedSetAt } from './access.ts';

/** Redis goes on until memory is out; nothing sensible asks for more. */
const MOST_REPEATED = 10_000_000;

export const zrandmember: Command = {
  name: 'zrandmember',
  arity: -2,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns a random member, or count different ones; a negative count may repeat them',
  syntax: 'key [count [WITHSCORES]]',
  run({ node, client }, args) {
    const key = keyAt(args, 1);
    if (args.length === 2) {
      const [found] = repeated(sortedSetAt(node.keyspace, key), 1);
      return found === undefined ? null : new ByteString(found.member);
    }
    const count = requireLong(args, 2);
    const withScores = args.length > 3;
    if (args.length > 4 || (withScores && keywordAt(args, 3) !== 'WITHSCORES')) throw errors.syntax();
    if (count < -MOST_REPEATED) throw errors.outOfRange();
    const zset = sortedSetAt(node.keyspace, key);
    const members = count < 0 ? repeated(zset, -count) : different(zset, count);
    return membersReply(members, withScores, client.writer.protocol);
  },
};

function repeated(zset: SortedSetValue | undefined, count: number): ScoredMember[] {
  if (zset === undefined) return [];
  return Array.from({ length: count }, () => zset.atPlace(randomInt(zset.length)) as ScoredMember);
}

/** Floyd's sampling: as many draws as members wanted, every choice as likely as any other. */
function different(zset: SortedSetValue | undefined, count: number): ScoredMember[] {
  if (zset === undefined) return [];
  const { length } = zset;
  const wanted = Math.min(count, length);
  const places = new Set<number>();
  for (let last = length - wanted; last < length; last++) {
    const drawn = randomInt(last + 1);
    places.add(places.has(drawn) ? last : drawn);
  }
  return [...places].map((place) => zset.atPlace(place) as ScoredMember);
}
