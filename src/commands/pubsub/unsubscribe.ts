import type { Command } from '../command.ts';
import { unsubscribeAll } from './subscribing.ts';

export const unsubscribe: Command = {
  name: 'unsubscribe',
  arity: -1,
  flags: ['pubsub', 'noscript', 'loading', 'stale'],
  channels: { first: 1, last: -1, step: 1 },
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Stops listening to channels, or to all',
  syntax: '[channel [channel ...]]',
  run: (context, args) => unsubscribeAll(context, args, 'channels', 'unsubscribe'),
};
