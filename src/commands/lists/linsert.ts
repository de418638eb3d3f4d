import { errors } from '../../errors.ts';
import { bytesAt, keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { listAt } from './access.ts';

export const linsert: Command = {
  name: 'linsert',
  arity: 5,
  flags: ['write', 'denyoom'],
  keys: ONE_KEY,
  group: 'list',
  summary:
    'Adds an element beside the first one equal to the pivot; returns the length, -1 without pivot, 0 without list',
  syntax: 'key BEFORE | AFTER pivot element',
  run({ node }, args) {
    const key = keyAt(args, 1);
    const where = keywordAt(args, 2);
    if (where !== 'BEFORE' && where !== 'AFTER') throw errors.syntax();
    const list = listAt(node.keyspace, key);
    if (list === undefined) return 0;
    const pivot = list.positionsOf(bytesAt(args, 3), { limit: 1 })[0];
    if (pivot === undefined) return -1;
    list.insert(where === 'BEFORE' ? pivot : pivot + 1, bytesAt(args, 4));
    node.keyspace.changed(key);
    return list.length;
  },
};
