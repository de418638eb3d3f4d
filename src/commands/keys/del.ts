import type { Command } from '../command.ts';
import { ALL_KEYS } from '../key-ranges.ts';
import { countKeys } from './count-keys.ts';

export const del: Command = {
  name: 'del',
  arity: -2,
  flags: ['write'],
  keys: ALL_KEYS,
  group: 'generic',
  summary: 'Deletes keys',
  syntax: 'key [key ...]',
  run: ({ node }, args) => countKeys(args, (key) => node.keyspace.delete(key)),
};
