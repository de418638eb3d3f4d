import { SetReply } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';
import { union } from './set-algebra.ts';
import { asReplies, readSets } from './stored-set.ts';

export const sunion: Command = {
  name: 'sunion',
  arity: -2,
  flags: ['readonly'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'set',
  summary: 'Returns the members of any of the sets',
  syntax: 'key [key ...]',
  run: ({ node }, args) => new SetReply(asReplies(union(readSets(node.keyspace, args, 1)).listed())),
};
