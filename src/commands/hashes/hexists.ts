import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readHash } from './stored-hash.ts';

export const hexists: Command = {
  name: 'hexists',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Tells whether a hash has a field',
  syntax: 'key field',
  run: ({ node }, args) => (readHash(node.keyspace, keyAt(args, 1))?.has(keyAt(args, 2)) === true ? 1 : 0),
};
