import { keyAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { inclusiveRange } from './inclusive-range.ts';
import { readString } from './string-value.ts';

export const getrange: Command = {
  name: 'getrange',
  arity: 4,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.4.0',
  summary: 'Returns a part of the string under a key; negative positions count from its end',
  syntax: 'key start end',
  run({ node }, args) {
    const first = requireLong(args, 2);
    const last = requireLong(args, 3);
    const bytes = readString(node.keyspace, keyAt(args, 1));
    if (bytes === null) return '';
    const range = inclusiveRange(first, last, bytes.length);
    return range === null ? '' : bytes.subarray(range.from, range.to);
  },
};
