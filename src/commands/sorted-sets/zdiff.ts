import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { combine } from './set-operations.ts';

export const zdiff: Command = {
  name: 'zdiff',
  arity: -3,
  flags: ['readonly'],
  ...countedKeys(1),
  group: 'sorted-set',
  summary: 'Returns the members of the first sorted set or set that no other one has',
  syntax: 'numkeys key [key ...] [WITHSCORES]',
  run: (context, args) => combine(context, args, 'diff'),
};
