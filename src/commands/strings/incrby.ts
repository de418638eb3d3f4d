import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { requireInt64 } from '../integers.ts';
import { addToInteger } from './add-to-integer.ts';

export const incrby: Command = {
  name: 'incrby',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  summary: 'Adds to the integer under a key',
  syntax: 'key increment',
  run: ({ node }, args) => addToInteger(node.keyspace, keyAt(args, 1), requireInt64(args, 2)),
};
