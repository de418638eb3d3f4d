import { ByteString } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

export const randomkey: Command = {
  name: 'randomkey',
  arity: 1,
  flags: ['readonly'],
  group: 'generic',
  summary: "Returns one of this node's keys at random",
  syntax: '',
  run({ node }) {
    const key = node.keyspace.randomKey();
    return key === undefined ? null : new ByteString(key);
  },
};
