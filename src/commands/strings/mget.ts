import type { Reply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const mget: Command = {
  name: 'mget',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'string',
  summary: 'Returns the string values of several keys, null for one that is none',
  syntax: 'key [key ...]',
  run: ({ node }, args) =>
    args.slice(1).map((_, i): Reply => {
      const value = node.keyspace.get(keyAt(args, i + 1));
      return value?.type === 'string' ? value.bytes : null;
    }),
};
