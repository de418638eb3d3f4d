import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { addToInteger } from './add-to-integer.ts';

export const decr: Command = {
  name: 'decr',
  arity: 2,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  summary: 'Takes one from the integer under a key',
  syntax: 'key',
  run: ({ node }, args) => addToInteger(node.keyspace, keyAt(args, 1), -1n),
};
