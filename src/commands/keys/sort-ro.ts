import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { sortedElements } from './sort-elements.ts';
import { parseSortOptions } from './sort-options.ts';

export const sortRo: Command = {
  name: 'sort_ro',
  arity: -2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  findKeys: () => [1],
  group: 'generic',
  since: '7.0.0',
  summary: 'Returns the elements of a list, set or sorted set in order',
  syntax: 'key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]',
  run: ({ node: { keyspace, slots } }, args) =>
    sortedElements(keyspace, keyAt(args, 1), parseSortOptions(args, true, slots !== null)),
};
