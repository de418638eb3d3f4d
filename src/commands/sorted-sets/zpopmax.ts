import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { popOneOrCount } from './popping.ts';

export const zpopmax: Command = {
  name: 'zpopmax',
  arity: -2,
  flags: ['write', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Takes and returns the member, or up to count of them, with the highest score',
  syntax: 'key [count]',
  run: (context, args) => popOneOrCount(context, args, 'max'),
};
