import type { Command } from '../command.ts';
import { popOrWait } from './popping.ts';

export const bzpopmax: Command = {
  name: 'bzpopmax',
  arity: -3,
  flags: ['write', 'noscript', 'blocking', 'fast'],
  keys: { first: 1, last: -2, step: 1 },
  group: 'sorted-set',
  summary:
    'Takes the member with the highest score of the first sorted set that has one, waiting for it if need be',
  syntax: 'key [key ...] timeout-seconds',
  run: (context, args) => popOrWait(context, args, 'max'),
};
