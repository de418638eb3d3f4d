import { grown } from '../../keyspace/values/growing-bytes.ts';
import { keyAt, valueAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { changeString, checkLength, readString } from './string-value.ts';

export const append: Command = {
  name: 'append',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'string',
  since: '2.0.0',
  summary: 'Appends to the string under a key and returns its length',
  syntax: 'key value',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const before = readString(node.keyspace, key);
    if (before === null) {
      const bytes = valueAt(args, 2);
      changeString(node.keyspace, key, bytes);
      return bytes.length;
    }
    const tail = args[2] as Buffer;
    const length = before.length + tail.length;
    checkLength(node, length);
    const bytes = grown(before, length);
    bytes.set(tail, before.length);
    changeString(node.keyspace, key, bytes);
    return length;
  },
};
