import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { difference } from './set-algebra.ts';
import { readSets, storeSet } from './stored-set.ts';

export const sdiffstore: Command = {
  name: 'sdiffstore',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: -1, step: 1 },
  group: 'set',
  summary: 'Stores the members of the first set that none of the others has, and returns how many they are',
  syntax: 'destination key [key ...]',
  run: ({ node: { keyspace } }, args) =>
    storeSet(keyspace, keyAt(args, 1), difference(readSets(keyspace, args, 2))),
};
