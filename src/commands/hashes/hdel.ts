import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readHash } from './stored-hash.ts';

export const hdel: Command = {
  name: 'hdel',
  arity: -3,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Removes fields of a hash and returns how many there were',
  syntax: 'key field [field ...]',
  run({ node: { keyspace } }, args) {
    const key = keyAt(args, 1);
    const hash = readHash(keyspace, key);
    if (hash === undefined) return 0;
    let removed = 0;
    for (let i = 2; i < args.length; i++) if (hash.delete(keyAt(args, i))) removed++;
    if (removed > 0) keyspace.changed(key);
    return removed;
  },
};
