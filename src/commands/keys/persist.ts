import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';

export const persist: Command = {
  name: 'persist',
  arity: 2,
  flags: ['write', 'fast'],
  keys: ONE_KEY,
  group: 'generic',
  summary: "Removes a key's expiry",
  syntax: 'key',
  run({ node }, args) {
    const key = keyAt(args, 1);
    if (node.keyspace.expiryOf(key) === undefined) return 0;
    node.keyspace.setExpiry(key, undefined);
    return 1;
  },
};
