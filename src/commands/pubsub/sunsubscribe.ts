import type { Command } from '../command.ts';
import { unsubscribeAll } from './subscribing.ts';

export const sunsubscribe: Command = {
  name: 'sunsubscribe',
  arity: -1,
  flags: ['pubsub', 'noscript', 'loading', 'stale'],
  channels: { first: 1, last: -1, step: 1, sharded: true },
  group: 'pubsub',
  since: '7.0.0',
  summary: 'Stops listening to shard channels, or to all',
  syntax: '[shardchannel [shardchannel ...]]',
  run: (context, args) => unsubscribeAll(context, args, 'shardChannels', 'sunsubscribe'),
};
