import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readSet } from './stored-set.ts';

export const smismember: Command = {
  name: 'smismember',
  arity: -3,
  flags: ['readonly', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'set',
  since: '6.2.0',
  summary: 'Tells for each of the members whether a set has it',
  syntax: 'key member [member ...]',
  run({ node }, args) {
    const set = readSet(node.keyspace, keyAt(args, 1));
    return args.slice(2).map((_, i) => (set?.has(keyAt(args, i + 2)) === true ? 1 : 0));
  },
};
