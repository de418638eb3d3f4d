import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readString } from './string-value.ts';

export const strlen: Command = {
  name: 'strlen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.2.0',
  summary: 'Returns the length of the string under a key, in bytes',
  syntax: 'key',
  run: ({ node }, args) => readString(node.keyspace, keyAt(args, 1))?.length ?? 0,
};
