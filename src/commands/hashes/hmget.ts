import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readHash } from './stored-hash.ts';

export const hmget: Command = {
  name: 'hmget',
  arity: -3,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns the values of fields, null for one that is not there',
  syntax: 'key field [field ...]',
  run({ node }, args) {
    const hash = readHash(node.keyspace, keyAt(args, 1));
    return args.slice(2).map((_, i) => hash?.get(keyAt(args, i + 2)) ?? null);
  },
};
