import type { Reply } from '../../../protocol/reply.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import type { SubscriptionKind } from '../../../pubsub/subscriptions.ts';
import { keyAt } from '../../arguments.ts';
import type { Command, CommandContext } from '../../command.ts';

function counts({ node }: CommandContext, args: Arguments, kind: SubscriptionKind): Reply {
  return args
    .slice(2)
    .flatMap((name, i) => [Uint8Array.from(name), node.subscriptions.count(kind, keyAt(args, i + 2))]);
}

export const numsub: Command = {
  name: 'pubsub|numsub',
  arity: -2,
  flags: ['pubsub', 'loading', 'stale'],
  group: 'pubsub',
  since: '2.8.0',
  summary: 'Counts the listeners of channels, those through patterns left out',
  syntax: '[channel [channel ...]]',
  run: (context, args) => counts(context, args, 'channels'),
};

export const shardnumsub: Command = {
  ...numsub,
  name: 'pubsub|shardnumsub',
  since: '7.0.0',
  summary: 'Counts the listeners of shard channels',
  syntax: '[shardchannel [shardchannel ...]]',
  run: (context, args) => counts(context, args, 'shardChannels'),
};
