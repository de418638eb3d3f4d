import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { readRange } from './ranges.ts';

export const zrangebylex: Command = {
  name: 'zrangebylex',
  arity: -4,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Returns the members between two, where all have the same score',
  syntax: 'key min max [LIMIT offset count]',
  run: (context, args) => readRange(context, args, { key: 1, by: 'lex', reverse: false, scores: true }),
};
