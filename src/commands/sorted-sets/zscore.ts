import { Double } from '../../protocol/reply.ts';
import { bytesAt, keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { sortedSetAt } from './access.ts';

export const zscore: Command = {
  name: 'zscore',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns the score of a member',
  syntax: 'key member',
  run({ node }, args) {
    const score = sortedSetAt(node.keyspace, keyAt(args, 1))?.scoreOf(bytesAt(args, 2));
    return score === undefined ? null : new Double(score);
  },
};
