import { ByteString, type Reply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { requireCursor, scanOptions } from '../scan-options.ts';
import { readHash } from './stored-hash.ts';

export const hscan: Command = {
  name: 'hscan',
  arity: -3,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.8.0',
  summary: 'Walks the fields of a hash; one that is there all the while is returned at least once',
  syntax: 'key cursor [MATCH pattern] [COUNT n]',
  run({ node }, args) {
    const cursor = requireCursor(args, 2);
    const hash = readHash(node.keyspace, keyAt(args, 1));
    if (hash === undefined) return ['0', []];
    const { count, matches } = scanOptions(args, 3);
    const range = hash.scan(cursor, count);
    const found: Reply[] = [];
    for (let i = range.from; i < range.to; i++) {
      const field = hash.fields[i] as string;
      if (matches(field)) found.push(new ByteString(field), hash.valueAt(i));
    }
    return [String(range.cursor), found];
  },
};
