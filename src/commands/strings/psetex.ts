import type { Command } from '../command.ts';
import { setExpiring } from './set-expiring.ts';

export const psetex: Command = {
  name: 'psetex',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.6.0',
  summary: 'Sets the string value of a key and how many ms it has to live',
  syntax: 'key ms value',
  run: (context, args) => setExpiring(context, args, 1, 'psetex'),
};
