import { keyAt, valueAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const setnx: Command = {
  name: 'setnx',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  summary: 'Sets the string value of a key that does not exist',
  syntax: 'key value',
  run({ node }, args) {
    const key = keyAt(args, 1);
    if (node.keyspace.get(key) !== undefined) return 0;
    node.keyspace.set(key, { type: 'string', bytes: valueAt(args, 2) });
    return 1;
  },
};
