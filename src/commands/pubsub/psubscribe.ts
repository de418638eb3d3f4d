import type { Command } from '../command.ts';
import { subscribeAll } from './subscribing.ts';

export const psubscribe: Command = {
  name: 'psubscribe',
  arity: -2,
  flags: ['pubsub', 'noscript', 'loading', 'stale'],
  channels: { first: 1, last: -1, step: 1, patterns: true },
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Listens to all channels whose names match',
  syntax: 'pattern [pattern ...]',
  run: (context, args) => subscribeAll(context, args, 'patterns', 'psubscribe'),
};
