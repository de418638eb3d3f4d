import { errors } from '../../errors.ts';
import { latin1 } from '../../protocol/latin1.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { addLongDoubles, formatLongDouble, parseLongDouble } from '../long-double.ts';
import { changeString, readString } from './string-value.ts';

export const incrbyfloat: Command = {
  name: 'incrbyfloat',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.6.0',
  summary: 'Adds to the number under a key, 0 where there is none',
  syntax: 'key increment',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const bytes = readString(node.keyspace, key);
    const present = parseLongDouble(bytes === null ? '0' : latin1(bytes));
    const by = parseLongDouble(keyAt(args, 2));
    if (present === undefined || by === undefined) throw errors.notAFloat();
    const sum = addLongDoubles(present, by);
    if (sum === undefined || sum.infinite !== undefined) throw errors.notFinite();
    const text = Uint8Array.from(Buffer.from(formatLongDouble(sum), 'latin1'));
    changeString(node.keyspace, key, text);
    return text;
  },
};
