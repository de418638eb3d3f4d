import type { Command } from '../command.ts';
import { subscribeAll } from './subscribing.ts';

export const ssubscribe: Command = {
  name: 'ssubscribe',
  arity: -2,
  flags: ['pubsub', 'noscript', 'loading', 'stale'],
  channels: { first: 1, last: -1, step: 1, sharded: true },
  group: 'pubsub',
  since: '7.0.0',
  summary: 'Listens to shard channels, which belong to slots as keys do',
  syntax: 'shardchannel [shardchannel ...]',
  run: (context, args) => subscribeAll(context, args, 'shardChannels', 'ssubscribe'),
};
