import { scanRange } from '../../keyspace/values/position-table.ts';
import type { ScoredMember, SortedSetValue } from '../../keyspace/values/sorted-set-value.ts';
import { formatDouble } from '../../protocol/float.ts';
import { ByteString, type Reply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { requireCursor, scanOptions } from '../scan-options.ts';
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
    const cursor = requireCursor(args, 2);
    const zset = sortedSetAt(node.keyspace, keyAt(args, 1));
    if (zset === undefined) return ['0', []];
    const { count, matches } = scanOptions(args, 3);
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
  const { from, to, cursor: next } = scanRange(cursor, count, zset.length);
  const members: ScoredMember[] = [];
  for (let place = to - 1; place >= from; place--) members.push(zset.atPlace(place) as ScoredMember);
  return { next, members };
}
