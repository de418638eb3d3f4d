import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const publish: Command = {
  name: 'publish',
  arity: 3,
  flags: ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'],
  channels: { first: 1, last: 1, step: 1 },
  group: 'pubsub',
  since: '2.0.0',
  summary: 'Sends a message to who listens to a channel; in a cluster it reaches those of this node only',
  syntax: 'channel message',
  run: ({ node }, args) => node.subscriptions.publish(keyAt(args, 1), Uint8Array.from(args[2] as Buffer)),
};
