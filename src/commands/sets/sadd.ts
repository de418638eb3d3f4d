import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { addMembers } from './stored-set.ts';

export const sadd: Command = {
  name: 'sadd',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'set',
  summary: 'Adds members to a set and returns how many of them are new',
  syntax: 'key member [member ...]',
  run: ({ node }, args) =>
    addMembers(
      node.keyspace,
      keyAt(args, 1),
      args.slice(2).map((_, i) => keyAt(args, i + 2)),
    ),
};
