import { SetReply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { asReplies, readSet } from './stored-set.ts';

export const smembers: Command = {
  name: 'smembers',
  arity: 2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'set',
  summary: 'Returns all members of a set',
  syntax: 'key',
  run: ({ node }, args) => new SetReply(asReplies(readSet(node.keyspace, keyAt(args, 1))?.listed() ?? [])),
};
