import type { Reply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { globMatcher } from './glob.ts';

export const keys: Command = {
  name: 'keys',
  arity: 2,
  flags: ['readonly'],
  group: 'generic',
  summary: "Returns this node's keys that match a pattern",
  syntax: 'pattern',
  run({ node }, args) {
    const matches = globMatcher(keyAt(args, 1));
    const found: Reply[] = [];
    for (const key of node.keyspace.keys()) if (matches(key)) found.push(Buffer.from(key, 'latin1'));
    return found;
  },
};
