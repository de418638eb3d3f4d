import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { readRange } from './ranges.ts';

export const zrevrangebyscore: Command = {
  name: 'zrevrangebyscore',
  arity: -4,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns the members of a range of scores, from the highest',
  syntax: 'key max min [WITHSCORES] [LIMIT offset count]',
  run: (context, args) => readRange(context, args, { key: 1, by: 'score', reverse: true, scores: true }),
};
