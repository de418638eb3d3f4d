import type { Command } from '../command.ts';

export const dbsize: Command = {
  name: 'dbsize',
  arity: 1,
  flags: ['readonly', 'fast'],
  group: 'server',
  summary: "Counts this node's keys",
  syntax: '',
  run: ({ node }) => node.keyspace.size,
};
