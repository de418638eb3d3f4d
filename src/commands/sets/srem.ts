import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readSet } from './stored-set.ts';

export const srem: Command = {
  name: 'srem',
  arity: -3,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'set',
  summary: 'Removes members of a set and returns how many there were',
  syntax: 'key member [member ...]',
  run({ node: { keyspace } }, args) {
    const key = keyAt(args, 1);
    const set = readSet(keyspace, key);
    if (set === undefined) return 0;
    let removed = 0;
    for (let i = 2; i < args.length; i++) if (set.delete(keyAt(args, i))) removed++;
    if (removed > 0) keyspace.changed(key);
    return removed;
  },
};
