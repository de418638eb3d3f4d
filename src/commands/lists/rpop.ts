import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { popOneOrCount } from './popping.ts';

export const rpop: Command = {
  name: 'rpop',
  arity: -2,
  flags: ['write', 'fast'],
  keys: ONE_KEY,
  group: 'list',
  summary: 'Takes and returns the element, or up to count of them, on the right of a list',
  syntax: 'key [count]',
  run: ({ node }, args) => popOneOrCount(node.keyspace, args, 'right', 'rpop'),
};
