import { errors } from '../../errors.ts';
import type { ScoredMember, SortedSetValue } from '../../keyspace/values/sorted-set-value.ts';
import { ByteString } from '../../protocol/reply.ts';
import { keyAt, keywordAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { randomPositions } from '../random-positions.ts';
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
      const [found] = drawn(sortedSetAt(node.keyspace, key), 1);
      return found === undefined ? null : new ByteString(found.member);
    }
    const count = requireLong(args, 2);
    const withScores = args.length > 3;
    if (args.length > 4 || (withScores && keywordAt(args, 3) !== 'WITHSCORES')) throw errors.syntax();
    if (count < -MOST_REPEATED) throw errors.outOfRange();
    return membersReply(drawn(sortedSetAt(node.keyspace, key), count), withScores, client.writer.protocol);
  },
};

function drawn(zset: SortedSetValue | undefined, count: number): ScoredMember[] {
  if (zset === undefined) return [];
  return randomPositions(count, zset.length).map((place) => zset.atPlace(place) as ScoredMember);
}
