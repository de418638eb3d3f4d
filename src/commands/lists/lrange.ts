import { ByteString } from '../../protocol/reply.ts';
import { keyAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { indexSpan } from '../index-span.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { listAt } from './access.ts';

export const lrange: Command = {
  name: 'lrange',
  arity: 4,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'list',
  summary:
    'Returns the elements of a list from start to stop, both included; negative ones count from the end',
  syntax: 'key start stop',
  run({ node }, args) {
    const start = requireLong(args, 2);
    const stop = requireLong(args, 3);
    const list = listAt(node.keyspace, keyAt(args, 1));
    if (list === undefined) return [];
    const { from, to } = indexSpan(start, stop, list.length);
    return list.slice(from, to).map((element) => new ByteString(element));
  },
};
