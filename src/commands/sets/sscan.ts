import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { requireCursor, scanOptions } from '../scan-options.ts';
import { asReplies, readSet } from './stored-set.ts';

export const sscan: Command = {
  name: 'sscan',
  arity: -3,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'set',
  since: '2.8.0',
  summary: 'Walks the members of a set; one that is there all the while is returned at least once',
  syntax: 'key cursor [MATCH pattern] [COUNT n]',
  run({ node }, args) {
    const cursor = requireCursor(args, 2);
    const set = readSet(node.keyspace, keyAt(args, 1));
    if (set === undefined) return ['0', []];
    const { count, matches } = scanOptions(args, 3);
    const range = set.scan(cursor, count);
    return [String(range.cursor), asReplies(set.members().slice(range.from, range.to).filter(matches))];
  },
};
