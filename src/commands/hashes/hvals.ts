import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readHash } from './stored-hash.ts';

export const hvals: Command = {
  name: 'hvals',
  arity: 2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns the values of all fields of a hash',
  syntax: 'key',
  run({ node }, args) {
    const hash = readHash(node.keyspace, keyAt(args, 1));
    return hash === undefined ? [] : hash.fields.map((_, position) => hash.valueAt(position));
  },
};
