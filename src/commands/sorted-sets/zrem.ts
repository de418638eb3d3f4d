import { bytesFrom, keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { sortedSetAt } from './access.ts';

export const zrem: Command = {
  name: 'zrem',
  arity: -3,
  flags: ['write', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Removes members and counts those that were there',
  syntax: 'key member [member ...]',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const zset = sortedSetAt(node.keyspace, key);
    if (zset === undefined) return 0;
    let removed = 0;
    for (const member of bytesFrom(args, 2)) if (zset.delete(member)) removed++;
    if (removed > 0) node.keyspace.changed(key);
    return removed;
  },
};
