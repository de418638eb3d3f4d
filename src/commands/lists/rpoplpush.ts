import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { TWO_KEYS } from '../key-ranges.ts';
import { move } from './access.ts';

export const rpoplpush: Command = {
  name: 'rpoplpush',
  arity: 3,
  flags: ['write', 'denyoom'],
  keys: TWO_KEYS,
  group: 'list',
  summary: 'Moves the element on the right of one list to the left of another and returns it',
  syntax: 'source destination',
  run: ({ node }, args) => move(node.keyspace, [keyAt(args, 1), 'right'], [keyAt(args, 2), 'left']) ?? null,
};
