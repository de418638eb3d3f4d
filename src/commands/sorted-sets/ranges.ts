import { errors } from '../../errors.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { ScoredMember } from '../../keyspace/values/sorted-set-value.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, keywordAt, requireLong } from '../arguments.ts';
import type { CommandContext } from '../command.ts';
import { membersReply, sortedSetAt } from './access.ts';
import { lexRange, type Range, rankRange, scoreRange } from './bounds.ts';

type RangeBy = 'rank' | 'score' | 'lex';

/** What a command of the ZRANGE family allows besides `key min max`. */
export interface RangeForm {
  /** Where the sorted set's key is. */
  readonly key: number;
  /** Absent: BYSCORE and BYLEX choose. */
  readonly by?: RangeBy;
  /** Absent: REV chooses. */
  readonly reverse?: boolean;
  readonly scores: boolean;
}

interface RangeRequest {
  readonly range: Range;
  readonly reverse: boolean;
  readonly withScores: boolean;
  readonly offset: number;
  /** Negative: all. */
  readonly limit: number;
}

/** Runs a read of the ZRANGE family. @throws ServerError in Redis's order: options, bounds, the key's type. */
export function readRange({ node, client }: CommandContext, args: Arguments, form: RangeForm): Reply {
  const { members, withScores } = selectRange(node.keyspace, args, form);
  return membersReply(members, withScores, client.writer.protocol);
}

/** The members that the arguments ask for. */
export function selectRange(
  keyspace: Keyspace,
  args: Arguments,
  form: RangeForm,
): { members: readonly ScoredMember[]; withScores: boolean } {
  const { range, reverse, withScores, offset, limit } = parseRange(args, form);
  const zset = sortedSetAt(keyspace, keyAt(args, form.key));
  if (zset === undefined || offset < 0) return { members: [], withScores };
  const { from, to } = range(zset);
  const count = Math.min(limit < 0 ? Number.POSITIVE_INFINITY : limit, Math.max(0, to - from - offset));
  if (!reverse) return { members: zset.slice(from + offset, from + offset + count), withScores };
  const end = to - offset;
  return { members: zset.slice(end - count, end).toReversed(), withScores };
}

function parseRange(args: Arguments, form: RangeForm): RangeRequest {
  let { by, reverse } = form;
  let withScores = false;
  let offset = 0;
  let limit = -1;
  for (let i = form.key + 3; i < args.length; i++) {
    const option = keywordAt(args, i);
    if (option === 'WITHSCORES' && form.scores) withScores = true;
    else if (option === 'LIMIT' && i + 2 < args.length) {
      offset = requireLong(args, ++i);
      limit = requireLong(args, ++i);
    } else if (option === 'REV' && reverse === undefined) reverse = true;
    else if (option === 'BYLEX' && by === undefined) by = 'lex';
    else if (option === 'BYSCORE' && by === undefined) by = 'score';
    else throw errors.syntax();
  }
  const byRank = (by ?? 'rank') === 'rank';
  if (byRank && limit !== -1) throw errors.limitNeedsRange();
  // A limit of -1 passes there, and its offset then counts for nothing.
  if (byRank) offset = 0;
  if (withScores && by === 'lex') throw errors.scoresWithLex();
  return {
    range: parseBounds(args, form.key + 1, by, reverse),
    reverse: reverse ?? false,
    withScores,
    offset,
    limit,
  };
}

/** Bounds by score or member come the larger one first where the order is reversed; ranks count from the other end then. */
function parseBounds(args: Arguments, at: number, by: RangeBy | undefined, reverse = false): Range {
  const [min, max] = reverse ? [at + 1, at] : [at, at + 1];
  if (by === 'score') return scoreRange(args, min, max);
  if (by === 'lex') return lexRange(args, min, max);
  const range = rankRange(args, at, at + 1);
  if (!reverse) return range;
  return (zset) => {
    const { from, to } = range(zset);
    return { from: zset.length - to, to: zset.length - from };
  };
}
