import { textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const history: Command = {
  name: 'latency|history',
  arity: 3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '2.8.13',
  summary: 'Returns the samples of an event (command, fast-command): time, milliseconds',
  syntax: 'event',
  run: ({ node }, args) => (node.latency.events().get(textAt(args, 2))?.samples ?? []).map((s) => [...s]),
};
