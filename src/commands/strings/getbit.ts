import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { bitAt, bitOffsetAt } from './bits.ts';
import { readString } from './string-value.ts';

export const getbit: Command = {
  name: 'getbit',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.2.0',
  summary: 'Returns a bit of the string under a key',
  syntax: 'key offset',
  run({ node }, args) {
    const offset = bitOffsetAt(node, args, 2);
    const bytes = readString(node.keyspace, keyAt(args, 1));
    return bytes === null ? 0 : bitAt(bytes, offset);
  },
};
