import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { popOneOrCount } from './popping.ts';

export const zpopmin: Command = {
  name: 'zpopmin',
  arity: -2,
  flags: ['write', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Takes and returns the member, or up to count of them, with the lowest score',
  syntax: 'key [count]',
  run: (context, args) => popOneOrCount(context, args, 'min'),
};
