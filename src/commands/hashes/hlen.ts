import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readHash } from './stored-hash.ts';

export const hlen: Command = {
  name: 'hlen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Counts the fields of a hash',
  syntax: 'key',
  run: ({ node }, args) => readHash(node.keyspace, keyAt(args, 1))?.length ?? 0,
};
