import { errors } from '../../errors.ts';
import { latin1 } from '../../protocol/latin1.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../long-double.ts';
import { changeHash } from './stored-hash.ts';

export const hincrbyfloat: Command = {
  name: 'hincrbyfloat',
  arity: 4,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.6.0',
  summary: 'Adds to the number in a field of a hash',
  syntax: 'key field increment',
  run({ node }, args) {
    const field = keyAt(args, 2);
    const by = parseLongDouble(keyAt(args, 3));
    if (by === undefined) throw errors.notAFloat();
    if (by.infinite !== undefined) throw errors.incrementNotFinite();
    return changeHash(node.keyspace, keyAt(args, 1), (hash) => {
      const bytes = hash.get(field);
      const present = parseLongDouble(bytes === undefined ? '0' : latin1(bytes));
      if (present === undefined) throw errors.hashValueNotFloat();
      const sum = addLongDoubles(present, by);
      if (sum === undefined || sum.infinite !== undefined) throw errors.notFinite();
      const text = Buffer.from(formatLongDouble(sum), 'latin1');
      hash.set(field, text);
      return text;
    });
  },
};
