import { errors } from '../../errors.ts';
import type { Command } from '../command.ts';

export const dbsize: Command = {
  name: 'dbsize',
  arity: 1,
  flags: ['readonly', 'fast'],
  group: 'server',
  summary: "Counts this node's keys",
  syntax: '',
  run({ node }) {
    if (node.keyspace.loading !== null) throw errors.loading();
    return node.keyspace.size;
  },
};
