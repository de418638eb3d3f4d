import { textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const reset: Command = {
  name: 'latency|reset',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '2.8.13',
  summary: 'Forgets the samples of events, or of all; returns how many events there were',
  syntax: '[event [event ...]]',
  run: ({ node }, args) => node.latency.reset(args.slice(2).map((_, i) => textAt(args, i + 2))),
};
