import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readSet } from './stored-set.ts';

export const scard: Command = {
  name: 'scard',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'set',
  summary: 'Counts the members of a set',
  syntax: 'key',
  run: ({ node }, args) => readSet(node.keyspace, keyAt(args, 1))?.length ?? 0,
};
