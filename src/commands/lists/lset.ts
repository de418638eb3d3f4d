import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { bytesAt, keyAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { listAt } from './access.ts';

export const lset: Command = {
  name: 'lset',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: ONE_KEY,
  group: 'list',
  summary: 'Replaces an element of a list by index, a negative one from the end',
  syntax: 'key index element',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const list = listAt(node.keyspace, key);
    if (list === undefined) throw errors.noSuchKey();
    const index = requireLong(args, 2);
    const position = index < 0 ? index + list.length : index;
    if (position < 0 || position >= list.length) throw errors.indexOutOfRange();
    list.replace(position, bytesAt(args, 3));
    node.keyspace.changed(key);
    return OK;
  },
};
