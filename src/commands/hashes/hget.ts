import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readHash } from './stored-hash.ts';

export const hget: Command = {
  name: 'hget',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns the value of a field',
  syntax: 'key field',
  run: ({ node }, args) => readHash(node.keyspace, keyAt(args, 1))?.get(keyAt(args, 2)) ?? null,
};
