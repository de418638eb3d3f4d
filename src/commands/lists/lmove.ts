import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { TWO_KEYS } from '../key-ranges.ts';
import { endAt, move } from './access.ts';

export const lmove: Command = {
  name: 'lmove',
  arity: 5,
  flags: ['write', 'denyoom'],
  keys: TWO_KEYS,
  group: 'list',
  summary: 'Moves an element from an end of one list to an end of another and returns it',
  syntax: 'source destination LEFT | RIGHT LEFT | RIGHT',
  run({ node }, args) {
    const sourceEnd = endAt(args, 3);
    const targetEnd = endAt(args, 4);
    return move(node.keyspace, [keyAt(args, 1), sourceEnd], [keyAt(args, 2), targetEnd]) ?? null;
  },
};
