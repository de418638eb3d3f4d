import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { readRange } from './ranges.ts';

export const zrevrangebylex: Command = {
  name: 'zrevrangebylex',
  arity: -4,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns the members between two, the last one first, where all have the same score',
  syntax: 'key max min [LIMIT offset count]',
  run: (context, args) => readRange(context, args, { key: 1, by: 'lex', reverse: true, scores: true }),
};
