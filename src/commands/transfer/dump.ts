import { dumpValue } from '../../keyspace/dump/dump.ts';
import { BulkParts } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const dump: Command = {
  name: 'dump',
  arity: 2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'generic',
  summary: 'Returns a value in a form that RESTORE takes; native types in that of Redis 7',
  syntax: 'key',
  run({ node }, args) {
    const value = node.keyspace.get(keyAt(args, 1));
    return value === undefined ? null : new BulkParts(dumpValue(value));
  },
};
