import type { ClientSession } from '../../client-session.ts';
import { Push, Replies, type Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import type { SubscriptionKind } from '../../pubsub/subscriptions.ts';
import { keyAt } from '../arguments.ts';
import type { CommandContext } from '../command.ts';

/** Subscribes to all arguments; one confirmation for each. */
export function subscribeAll(
  { node, client }: CommandContext,
  args: Arguments,
  kind: SubscriptionKind,
  verb: string,
): Replies {
  const confirmations = args.slice(1).map((_, i) => {
    const name = keyAt(args, i + 1);
    node.subscriptions.add(kind, client, name);
    return confirm(client, kind, verb, name);
  });
  return new Replies(confirmations);
}

/** Unsubscribes from the arguments, without any from all of that kind; one confirmation for each, one with null where there was none. */
export function unsubscribeAll(
  { node, client }: CommandContext,
  args: Arguments,
  kind: SubscriptionKind,
  verb: string,
): Replies {
  const names =
    args.length > 1 ? args.slice(1).map((_, i) => keyAt(args, i + 1)) : [...client.subscribed[kind]];
  if (names.length === 0) return new Replies([confirm(client, kind, verb, null)]);
  return new Replies(
    names.map((name) => {
      node.subscriptions.remove(kind, client, name);
      return confirm(client, kind, verb, name);
    }),
  );
}

function confirm(client: ClientSession, kind: SubscriptionKind, verb: string, name: string | null): Reply {
  const { channels, patterns, shardChannels } = client.subscribed;
  const count = kind === 'shardChannels' ? shardChannels.size : channels.size + patterns.size;
  return new Push([verb, name === null ? null : Buffer.from(name, 'latin1'), count]);
}
