import { ByteString, MapReply } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { readHash } from './stored-hash.ts';

export const hgetall: Command = {
  name: 'hgetall',
  arity: 2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '2.0.0',
  summary: 'Returns all fields of a hash with their values',
  syntax: 'key',
  run({ node }, args) {
    const hash = readHash(node.keyspace, keyAt(args, 1));
    return new MapReply([...(hash?.entries() ?? [])].map(([field, value]) => [new ByteString(field), value]));
  },
};
