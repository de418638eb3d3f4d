import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { removeSpan, sortedSetAt } from './access.ts';
import { scoreRange } from './bounds.ts';

export const zremrangebyscore: Command = {
  name: 'zremrangebyscore',
  arity: 4,
  flags: ['write'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Removes the members of a range of scores and counts them',
  syntax: 'key min max',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const range = scoreRange(args, 2, 3);
    const zset = sortedSetAt(node.keyspace, key);
    return zset === undefined ? 0 : removeSpan(node.keyspace, key, zset, range(zset)).length;
  },
};
