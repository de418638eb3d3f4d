import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { intersection } from './set-algebra.ts';
import { readSets, storeSet } from './stored-set.ts';

export const sinterstore: Command = {
  name: 'sinterstore',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'set',
  summary: 'Stores the members that all of the sets have, and returns how many they are',
  syntax: 'destination key [key ...]',
  run: ({ node: { keyspace } }, args) =>
    storeSet(keyspace, keyAt(args, 1), intersection(readSets(keyspace, args, 2))),
};
