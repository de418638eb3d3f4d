import { keyAt, valueAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readString } from './string-value.ts';

export const getset: Command = {
  name: 'getset',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  summary: 'Sets the string value of a key and returns the one before',
  syntax: 'key value',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const old = readString(node.keyspace, key);
    node.keyspace.set(key, { type: 'string', bytes: valueAt(args, 2) });
    return old;
  },
};
