import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { listAt } from './access.ts';

export const llen: Command = {
  name: 'llen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  group: 'list',
  summary: 'Returns the length of a list',
  syntax: 'key',
  run: ({ node }, args) => listAt(node.keyspace, keyAt(args, 1))?.length ?? 0,
};
