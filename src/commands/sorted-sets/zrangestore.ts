import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { storeSortedSet } from './access.ts';
import { selectRange } from './ranges.ts';

export const zrangestore: Command = {
  name: 'zrangestore',
  arity: -5,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 2, step: 1 },
  group: 'sorted-set',
  summary: 'Stores the members that ZRANGE would return and counts them',
  syntax: 'destination source start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count]',
  run({ node }, args) {
    const { members } = selectRange(node.keyspace, args, { key: 2, scores: false });
    return storeSortedSet(node.keyspace, keyAt(args, 1), members);
  },
};
