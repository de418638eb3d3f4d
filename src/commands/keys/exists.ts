import type { Command } from '../command.ts';
import { ALL_KEYS } from '../key-ranges.ts';
import { countKeys } from './count-keys.ts';

export const exists: Command = {
  name: 'exists',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: ALL_KEYS,
  group: 'generic',
  summary: 'Counts how many of the keys exist',
  syntax: 'key [key ...]',
  run: ({ node }, args) => countKeys(args, (key) => node.keyspace.get(key) !== undefined),
};
