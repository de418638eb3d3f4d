import { OK } from '../../protocol/reply.ts';
import { keyAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { indexSpan } from '../index-span.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { listAt } from './access.ts';

export const ltrim: Command = {
  name: 'ltrim',
  arity: 4,
  flags: ['write'],
  keys: ONE_KEY,
  group: 'list',
  summary: 'Removes all elements of a list but those from start to stop, both included',
  syntax: 'key start stop',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const start = requireLong(args, 2);
    const stop = requireLong(args, 3);
    const list = listAt(node.keyspace, key);
    if (list === undefined) return OK;
    const { from, to } = indexSpan(start, stop, list.length);
    list.remove(to, list.length);
    list.remove(0, from);
    node.keyspace.changed(key);
    return OK;
  },
};
