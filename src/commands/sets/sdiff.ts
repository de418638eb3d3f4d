import { SetReply } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';
import { difference } from './set-algebra.ts';
import { asReplies, readSets } from './stored-set.ts';

export const sdiff: Command = {
  name: 'sdiff',
  arity: -2,
  flags: ['readonly'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'set',
  summary: 'Returns the members of the first set that none of the others has',
  syntax: 'key [key ...]',
  run: ({ node }, args) => new SetReply(asReplies(difference(readSets(node.keyspace, args, 1)).listed())),
};
