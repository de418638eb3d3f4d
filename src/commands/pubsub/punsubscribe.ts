import type { Command } from '../command.ts';
import { unsubscribeAll } from './subscribing.ts';

export const punsubscribe: Command = {
  name: 'punsubscribe',
  arity: -1,
  flags: ['pubsub', 'noscript', 'loading', 'stale'],
  channels: { first: 1, last: -1, step: 1, patterns: true },
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Stops listening to patterns, or to all',
  syntax: '[pattern [pattern ...]]',
  run: (context, args) => unsubscribeAll(context, args, 'patterns', 'punsubscribe'),
};
