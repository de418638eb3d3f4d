import { errors } from '../../errors.ts';
import { keyAt, keywordAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { countBits } from './bits.ts';
import { inclusiveRange } from './inclusive-range.ts';
import { readString } from './string-value.ts';

export const bitcount: Command = {
  name: 'bitcount',
  arity: -2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.6.0',
  summary: 'Counts the bits that are set in the string under a key',
  syntax: 'key [start end [BYTE | BIT]]',
  run({ node }, args) {
    const bytes = readString(node.keyspace, keyAt(args, 1));
    if (bytes === null) return 0;
    if (args.length === 2) return countBits(bytes, 0, bytes.length * 8);
    if (args.length !== 4 && args.length !== 5) throw errors.syntax();
    const first = requireLong(args, 2);
    const last = requireLong(args, 3);
    // Redis sees that such a range is empty before it looks at the unit.
    if (first < 0 && last < 0 && first > last) return 0;
    const unit = args.length === 5 ? keywordAt(args, 4) : 'BYTE';
    if (unit !== 'BYTE' && unit !== 'BIT') throw errors.syntax();
    const bits = unit === 'BIT' ? 1 : 8;
    const range = inclusiveRange(first, last, (bytes.length * 8) / bits);
    return range === null ? 0 : countBits(bytes, range.from * bits, range.to * bits);
  },
};
