import { ByteString } from '../../protocol/reply.ts';
import { keyAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { listAt } from './access.ts';

export const lindex: Command = {
  name: 'lindex',
  arity: 3,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'list',
  summary: 'Returns an element of a list by index, a negative one from the end',
  syntax: 'key index',
  run({ node }, args) {
    const list = listAt(node.keyspace, keyAt(args, 1));
    if (list === undefined) return null;
    const index = requireLong(args, 2);
    const element = list.at(index < 0 ? index + list.length : index);
    return element === undefined ? null : new ByteString(element);
  },
};
