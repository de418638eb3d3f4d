import type { Command } from '../../command.ts';

export const count: Command = {
  name: 'command|count',
  arity: 2,
  flags: ['loading', 'stale'],
  group: 'server',
  since: '2.8.13',
  summary: 'Counts the commands',
  syntax: '',
  run: ({ node }) => node.commands.all().length,
};
