import { errors } from '../../../errors.ts';
import type { Reply } from '../../../protocol/reply.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import type { SubscriptionKind } from '../../../pubsub/subscriptions.ts';
import { keyAt, textAt } from '../../arguments.ts';
import type { Command, CommandContext } from '../../command.ts';
import { globMatcher } from '../../keys/glob.ts';

function names({ node }: CommandContext, args: Arguments, kind: SubscriptionKind): Reply {
  if (args.length > 3) throw errors.unknownSubcommandOrArity(textAt(args, 1), 'pubsub');
  const matches = args.length === 3 ? globMatcher(keyAt(args, 2)) : () => true;
  return node.subscriptions
    .names(kind)
    .filter(matches)
    .map((name) => Buffer.from(name, 'latin1'));
}

export const channels: Command = {
  name: 'pubsub|channels',
  arity: -2,
  flags: ['pubsub', 'loading', 'stale'],
  group: 'pubsub',
  since: '2.8.0',
  summary: 'Lists the channels that somebody listens to',
  syntax: '[pattern]',
  run: (context, args) => names(context, args, 'channels'),
};

export const shardchannels: Command = {
  ...channels,
  name: 'pubsub|shardchannels',
  since: '7.0.0',
  summary: 'Lists the shard channels that somebody listens to',
  run: (context, args) => names(context, args, 'shardChannels'),
};
