import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { combine } from './set-operations.ts';

export const zunion: Command = {
  name: 'zunion',
  arity: -3,
  flags: ['readonly'],
  ...countedKeys(1),
  group: 'sorted-set',
  summary: 'Returns all members of sorted sets or sets, scores added up',
  syntax: 'numkeys key [key ...] [WEIGHTS weight ...] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]',
  run: (context, args) => combine(context, args, 'union'),
};
