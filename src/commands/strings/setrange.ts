import { errors } from '../../errors.ts';
import { grown } from '../../keyspace/values/growing-bytes.ts';
import { keyAt, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { changeString, checkLength, readString } from './string-value.ts';

export const setrange: Command = {
  name: 'setrange',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.2.0',
  summary: 'Overwrites a part of the string under a key, zeros in between, and returns its length',
  syntax: 'key offset value',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const offset = requireLong(args, 2);
    if (offset < 0) throw errors.offsetOutOfRange();
    const before = readString(node.keyspace, key) ?? new Uint8Array(0);
    const part = args[3] as Buffer;
    if (part.length === 0) return before.length;
    const length = Math.max(before.length, offset + part.length);
    checkLength(node, length);
    // Bytes that are there never change: a part in the middle needs a copy of the whole.
    const bytes = offset < before.length ? copied(before, length) : grown(before, length);
    bytes.set(part, offset);
    changeString(node.keyspace, key, bytes);
    return bytes.length;
  },
};

function copied(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes);
  return copy;
}
