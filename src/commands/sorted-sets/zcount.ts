import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { sortedSetAt } from './access.ts';
import { scoreRange } from './bounds.ts';

export const zcount: Command = {
  name: 'zcount',
  arity: 4,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Counts the members of a range of scores',
  syntax: 'key min max',
  run({ node }, args) {
    const range = scoreRange(args, 2, 3);
    const zset = sortedSetAt(node.keyspace, keyAt(args, 1));
    if (zset === undefined) return 0;
    const { from, to } = range(zset);
    return to - from;
  },
};
