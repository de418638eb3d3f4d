import { errors } from '../../errors.ts';
import type { ScoredMember, SortedSetValue } from '../../keyspace/values/sorted-set-value.ts';
import { formatDouble } from '../../protocol/float.ts';
import { ByteString, type Reply } from '../../protocol/reply.ts';
import { bytesAt, integerAt, keyAt, keywordAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { globMatcher } from '../keys/glob.ts';
import { sortedSetAt } from './access.ts';

/** Like Redis, sets of up to so many members are answered whole, in order. */
const SMALL = 128;

export const zscan: Command = {
  name: 'zscan',
  arity: -3,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Walks the members of a sorted set and their scores; one that stays all the while is returned',
  syntax: 'key cursor [MATCH pattern] [COUNT n]',
  run({ node }, args) {
    const cursor = integerAt(args, 2);
    if (cursor === undefined || cursor < 0) throw errors.invalidCursor();
    const zset = sortedSetAt(node.keyspace, keyAt(args, 1));
    if (zset === undefined) return ['0', []];
    let matches = (_member: string) => true;
    let count = 10;
    for (let i = 3; i < args.length; i += 2) {
      const option = keywordAt(args, i);
      if (i + 1 >= args.length) throw errors.syntax();
      if (option === 'COUNT') {
        count = requireLong(args, i + 1);
        if (count < 1) throw errors.syntax();
      } else if (option === 'MATCH') matches = globMatcher(bytesAt(args, i + 1));
      else throw errors.syntax();
    }
    const { next, members } = pageOf(zset, cursor, count);
    const found = members
      .filter(({ member }) => matches(member))
      .flatMap(({ member, score }): Reply[] => [new ByteString(member), formatDouble(score)]);
    return [String(next), found];
  },
};

/** The cursor is how many places of the scan list are still to come. */
function pageOf(
  zset: SortedSetValue,
  cursor: number,
  count: number,
): { next: number; members: readonly ScoredMember[] } {
  if (zset.length <= SMALL) return { next: 0, members: zset.slice(0, zset.length) };
  const from = cursor === 0 ? zset.length : Math.min(cursor, zset.length);
  const next = Math.max(0, from - count);
  const members: ScoredMember[] = [];
  for (let place = from - 1; place >= next; place--) members.push(zset.atPlace(place) as ScoredMember);
  return { next, members };
}
