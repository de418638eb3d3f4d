import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { changeHash, readHash } from './stored-hash.ts';

export const hsetnx: Command = {
  name: 'hsetnx',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Sets a field of a hash that does not have it',
  syntax: 'key field value',
  run({ node: { keyspace } }, args) {
    const key = keyAt(args, 1);
    const field = keyAt(args, 2);
    if (readHash(keyspace, key)?.has(field) === true) return 0;
    changeHash(keyspace, key, (hash) => hash.set(field, args[3] as Buffer));
    return 1;
  },
};
