import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { readRange } from './ranges.ts';

export const zrevrange: Command = {
  name: 'zrevrange',
  arity: -4,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns the members of a range of ranks, from the highest score',
  syntax: 'key start stop [WITHSCORES]',
  run: (context, args) => readRange(context, args, { key: 1, by: 'rank', reverse: true, scores: true }),
};
