import { SetReply } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';
import { intersection } from './set-algebra.ts';
import { asReplies, readSets } from './stored-set.ts';

export const sinter: Command = {
  name: 'sinter',
  arity: -2,
  flags: ['readonly'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'set',
  summary: 'Returns the members that all of the sets have',
  syntax: 'key [key ...]',
  run: ({ node }, args) => new SetReply(asReplies(intersection(readSets(node.keyspace, args, 1)).listed())),
};
