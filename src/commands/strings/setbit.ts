import { errors } from '../../errors.ts';
import { grown } from '../../keyspace/values/growing-bytes.ts';
import { keyAt, longAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { bitAt, bitOffsetAt, setBit } from './bits.ts';
import { changeString, readString } from './string-value.ts';

export const setbit: Command = {
  name: 'setbit',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.2.0',
  summary: 'Sets a bit of the string under a key and returns the one before',
  syntax: 'key offset value',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const offset = bitOffsetAt(node, args, 2);
    const bit = longAt(args, 3);
    if (bit !== 0 && bit !== 1) throw errors.invalidBit();
    const before = readString(node.keyspace, key);
    const present = bitAt(before ?? new Uint8Array(0), offset);
    const length = Math.floor(offset / 8) + 1;
    if (before === null || before.length < length) {
      const bytes = grown(before ?? new Uint8Array(0), length);
      setBit(bytes, offset, bit);
      changeString(node.keyspace, key, bytes);
    } else if (present !== bit) {
      const bytes = Uint8Array.from(before);
      setBit(bytes, offset, bit);
      changeString(node.keyspace, key, bytes);
    }
    return present;
  },
};
