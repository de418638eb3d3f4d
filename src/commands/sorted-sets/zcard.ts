import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { sortedSetAt } from './access.ts';

export const zcard: Command = {
  name: 'zcard',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Counts the members of a sorted set',
  syntax: 'key',
  run: ({ node }, args) => sortedSetAt(node.keyspace, keyAt(args, 1))?.length ?? 0,
};
