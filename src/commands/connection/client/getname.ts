import type { Command } from '../../command.ts';

export const getname: Command = {
  name: 'client|getname',
  arity: 2,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '2.6.9',
  summary: "Returns the connection's name, null where it has none",
  syntax: '',
  run: ({ client }) => (client.name === '' ? null : client.name),
};
