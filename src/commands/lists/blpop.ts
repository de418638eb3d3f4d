import type { Command } from '../command.ts';
import { popOrWait } from './popping.ts';

export const blpop: Command = {
  name: 'blpop',
  arity: -3,
  flags: ['write', 'noscript', 'blocking'],
  keys: { first: 1, last: -2, step: 1 },
  group: 'list',
  summary: 'Takes the element on the left of the first list that has one, waiting for it if need be',
  syntax: 'key [key ...] timeout-seconds',
  run: (context, args) => popOrWait(context, args, 'left'),
};
