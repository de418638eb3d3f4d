import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const flushall: Command = {
  name: 'flushall',
  arity: -1,
  flags: ['write'],
  group: 'server',
  summary: "Deletes all of this node's keys",
  syntax: '[ASYNC | SYNC]',
  run({ node }, args) {
    if (args.length > 2 || (args.length === 2 && !['ASYNC', 'SYNC'].includes(keywordAt(args, 1))))
      throw errors.syntax();
    node.keyspace.clear();
    return OK;
  },
};
