import { TYPE_NAMES } from '../../keyspace/keyspace.ts';
import { SimpleString } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';

export const type: Command = {
  name: 'type',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  group: 'generic',
  summary: 'Returns the type of the value under a key',
  syntax: 'key',
  run({ node }, args) {
    const type = node.keyspace.typeOf(keyAt(args, 1));
    return new SimpleString(type === undefined ? 'none' : TYPE_NAMES[type]);
  },
};
