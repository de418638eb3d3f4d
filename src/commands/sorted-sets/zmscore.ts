import { Double } from '../../protocol/reply.ts';
import { bytesFrom, keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { sortedSetAt } from './access.ts';

export const zmscore: Command = {
  name: 'zmscore',
  arity: -3,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns the scores of several members, null for one that is absent',
  syntax: 'key member [member ...]',
  run({ node }, args) {
    const zset = sortedSetAt(node.keyspace, keyAt(args, 1));
    return bytesFrom(args, 2).map((member) => {
      const score = zset?.scoreOf(member);
      return score === undefined ? null : new Double(score);
    });
  },
};
