import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { readRange } from './ranges.ts';

export const zrangebyscore: Command = {
  name: 'zrangebyscore',
  arity: -4,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns the members of a range of scores',
  syntax: 'key min max [WITHSCORES] [LIMIT offset count]',
  run: (context, args) => readRange(context, args, { key: 1, by: 'score', reverse: false, scores: true }),
};
