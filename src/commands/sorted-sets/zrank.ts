import { bytesAt, keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { sortedSetAt } from './access.ts';

export const zrank: Command = {
  name: 'zrank',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns the rank of a member, 0 for the one with the lowest score',
  syntax: 'key member',
  run({ node }, args) {
    const zset = sortedSetAt(node.keyspace, keyAt(args, 1));
    const rank = zset?.rankOf(bytesAt(args, 2));
    return zset === undefined || rank === undefined ? null : rank;
  },
};
