import type { Command } from '../command.ts';
import { setExpiring } from './set-expiring.ts';

export const setex: Command = {
  name: 'setex',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.0.0',
  summary: 'Sets the string value of a key and how many seconds it has to live',
  syntax: 'key seconds value',
  run: (context, args) => setExpiring(context, args, 1000, 'setex'),
};
