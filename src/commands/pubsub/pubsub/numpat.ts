import type { Command } from '../../command.ts';

export const numpat: Command = {
  name: 'pubsub|numpat',
  arity: 2,
  flags: ['pubsub', 'loading', 'stale'],
  group: 'pubsub',
  since: '2.8.0',
  summary: 'Counts the patterns that somebody listens to',
  syntax: '',
  run: ({ node }) => node.subscriptions.names('patterns').length,
};
