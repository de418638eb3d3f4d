import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { sortedSetAt } from './access.ts';
import { lexRange } from './bounds.ts';

export const zlexcount: Command = {
  name: 'zlexcount',
  arity: 4,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Counts the members of a range of bytes, where all have the same score',
  syntax: 'key min max',
  run({ node }, args) {
    const range = lexRange(args, 2, 3);
    const zset = sortedSetAt(node.keyspace, keyAt(args, 1));
    if (zset === undefined) return 0;
    const { from, to } = range(zset);
    return to - from;
  },
};
