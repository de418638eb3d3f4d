import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readSet } from './stored-set.ts';

export const sismember: Command = {
  name: 'sismember',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'set',
  summary: 'Tells whether a set has a member',
  syntax: 'key member',
  run: ({ node }, args) => (readSet(node.keyspace, keyAt(args, 1))?.has(keyAt(args, 2)) === true ? 1 : 0),
};
