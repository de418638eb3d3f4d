import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const spublish: Command = {
  name: 'spublish',
  arity: 3,
  flags: ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'],
  channels: { first: 1, last: 1, step: 1, sharded: true },
  group: 'pubsub',
  since: '7.0.0',
  summary: 'Sends a message to who listens to a shard channel',
  syntax: 'shardchannel message',
  run: ({ node }, args) =>
    node.subscriptions.publishToShard(keyAt(args, 1), Uint8Array.from(args[2] as Buffer)),
};
