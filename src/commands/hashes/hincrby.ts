import { errors } from '../../errors.ts';
import { fitsInt64, parseInt64 } from '../../protocol/integer-text.ts';
import { latin1 } from '../../protocol/latin1.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { requireInt64 } from '../integers.ts';
import { changeHash } from './stored-hash.ts';

export const hincrby: Command = {
  name: 'hincrby',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Adds to the integer in a field of a hash',
  syntax: 'key field increment',
  run({ node }, args) {
    const field = keyAt(args, 2);
    const by = requireInt64(args, 3);
    return changeHash(node.keyspace, keyAt(args, 1), (hash) => {
      const bytes = hash.get(field);
      const present = bytes === undefined ? 0n : parseInt64(latin1(bytes));
      if (present === undefined) throw errors.hashValueNotInteger();
      const sum = present + by;
      if (!fitsInt64(sum)) throw errors.incrementOverflow();
      hash.set(field, Buffer.from(String(sum), 'latin1'));
      return sum;
    });
  },
};
