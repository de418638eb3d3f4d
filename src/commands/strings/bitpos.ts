import { errors } from '../../errors.ts';
import { keyAt, keywordAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { findBit } from './bits.ts';
import { readString } from './string-value.ts';

export const bitpos: Command = {
  name: 'bitpos',
  arity: -3,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.8.7',
  summary: 'Returns where the first bit of that value is in the string under a key',
  syntax: 'key bit [start [end [BYTE | BIT]]]',
  run({ node }, args) {
    const bit = requireLong(args, 2);
    if (bit !== 0 && bit !== 1) throw errors.bitArgument();
    const bytes = readString(node.keyspace, keyAt(args, 1));
    if (bytes === null) return bit === 1 ? -1 : 0;
    if (args.length > 6) throw errors.syntax();
    const first = args.length > 3 ? requireLong(args, 3) : 0;
    const unit = args.length > 5 ? keywordAt(args, 5) : 'BYTE';
    if (unit !== 'BYTE' && unit !== 'BIT') throw errors.syntax();
    const bits = unit === 'BIT' ? 1 : 8;
    const length = (bytes.length * 8) / bits;
    const last = args.length > 4 ? requireLong(args, 4) : length - 1;
    const from = Math.max(0, first < 0 ? first + length : first);
    const to = Math.min(length - 1, Math.max(0, last < 0 ? last + length : last)) + 1;
    if (from >= to) return -1;
    const found = findBit(bytes, bit, from * bits, to * bits);
    // Without an end the string counts as followed by zeros.
    return found < 0 && bit === 0 && args.length < 5 ? bytes.length * 8 : found;
  },
};
