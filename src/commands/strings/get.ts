import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readString } from './string-value.ts';

export const get: Command = {
  name: 'get',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  summary: 'Returns the string value of a key',
  syntax: 'key',
  run: ({ node }, args) => readString(node.keyspace, keyAt(args, 1)),
};
