import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readString } from './string-value.ts';

export const getdel: Command = {
  name: 'getdel',
  arity: 2,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '6.2.0',
  summary: 'Returns the string value of a key and deletes the key',
  syntax: 'key',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const old = readString(node.keyspace, key);
    node.keyspace.delete(key);
    return old;
  },
};
