import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { combineAndStore } from './set-operations.ts';

export const zdiffstore: Command = {
  name: 'zdiffstore',
  arity: -4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  ...countedKeys(2, 1),
  group: 'sorted-set',
  summary: 'Stores the members of the first sorted set or set that no other one has',
  syntax: 'destination numkeys key [key ...]',
  run: (context, args) => combineAndStore(context, args, 'diff'),
};
