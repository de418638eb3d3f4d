import { Double } from '../../protocol/reply.ts';
import { bytesAt, keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { addMembers, scoreAt } from './adding.ts';

export const zincrby: Command = {
  name: 'zincrby',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: "Adds to a member's score, 0 where it is new, and returns it",
  syntax: 'key increment member',
  run({ node }, args) {
    const members = [{ score: scoreAt(args, 2), member: bytesAt(args, 3) }];
    return new Double(addMembers(node.keyspace, keyAt(args, 1), members, { incr: true }).score as number);
  },
};
