import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { readRange } from './ranges.ts';

export const zrange: Command = {
  name: 'zrange',
  arity: -4,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns the members of a range of ranks, scores or bytes',
  syntax: 'key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]',
  run: (context, args) => readRange(context, args, { key: 1, scores: true }),
};
