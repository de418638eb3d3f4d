import type { Command } from '../../command.ts';

export const len: Command = {
  name: 'slowlog|len',
  arity: 2,
  flags: ['admin', 'loading', 'stale'],
  group: 'server',
  since: '2.2.12',
  summary: 'Counts the slow commands that are kept',
  syntax: '',
  run: ({ node }) => node.slowLog.length,
};
