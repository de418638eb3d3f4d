import type { Command } from '../command.ts';
import { subscribeAll } from './subscribing.ts';

export const subscribe: Command = {
  name: 'subscribe',
  arity: -2,
  flags: ['pubsub', 'noscript', 'loading', 'stale'],
  channels: { first: 1, last: -1, step: 1 },
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Listens to channels',
  syntax: 'channel [channel ...]',
  run: (context, args) => subscribeAll(context, args, 'channels', 'subscribe'),
};
