import { errors } from '../../errors.ts';
import { fitsInt64 } from '../../protocol/integer-text.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { requireInt64 } from '../integers.ts';
import { addToInteger } from './add-to-integer.ts';

export const decrby: Command = {
  name: 'decrby',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  summary: 'Takes from the integer under a key',
  syntax: 'key decrement',
  run({ node }, args) {
    const by = requireInt64(args, 2);
    if (!fitsInt64(-by)) throw errors.decrementOverflow();
    return addToInteger(node.keyspace, keyAt(args, 1), -by);
  },
};
