import { ByteString } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readHash } from './stored-hash.ts';

export const hkeys: Command = {
  name: 'hkeys',
  arity: 2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns all fields of a hash',
  syntax: 'key',
  run: ({ node }, args) =>
    (readHash(node.keyspace, keyAt(args, 1))?.fields ?? []).map((name) => new ByteString(name)),
};
