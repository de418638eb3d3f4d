import { bytesAt, keyAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { listAt } from './access.ts';

export const lrem: Command = {
  name: 'lrem',
  arity: 4,
  flags: ['write'],
  keys: ONE_KEY,
  group: 'list',
  summary:
    'Removes the first count elements equal to one; a negative count means the last ones, 0 all of them',
  syntax: 'key count element',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const count = requireLong(args, 2);
    const list = listAt(node.keyspace, key);
    if (list === undefined) return 0;
    const limit = count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count);
    const removed = list.removeEqual(bytesAt(args, 3), limit, count < 0);
    if (removed > 0) node.keyspace.changed(key);
    return removed;
  },
};
