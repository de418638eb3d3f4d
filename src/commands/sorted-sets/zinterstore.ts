import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { combineAndStore } from './set-operations.ts';

export const zinterstore: Command = {
  name: 'zinterstore',
  arity: -4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  ...countedKeys(2, 1),
  group: 'sorted-set',
  summary: 'Stores the members that all sorted sets or sets have, scores added up',
  syntax: 'destination numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX]',
  run: (context, args) => combineAndStore(context, args, 'inter'),
};
