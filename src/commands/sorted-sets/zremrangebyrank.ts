import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { removeSpan, sortedSetAt } from './access.ts';
import { rankRange } from './bounds.ts';

export const zremrangebyrank: Command = {
  name: 'zremrangebyrank',
  arity: 4,
  flags: ['write'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Removes the members of a range of ranks and counts them',
  syntax: 'key start stop',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const range = rankRange(args, 2, 3);
    const zset = sortedSetAt(node.keyspace, key);
    return zset === undefined ? 0 : removeSpan(node.keyspace, key, zset, range(zset)).length;
  },
};
