import type { Command } from '../../command.ts';

export const id: Command = {
  name: 'client|id',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '5.0.0',
  summary: "Returns the connection's id",
  syntax: '',
  run: ({ client }) => client.id,
};
