import type { ClientSession } from '../client-session.ts';
import { globMatcher } from '../commands/keys/glob.ts';
import { Push } from '../protocol/reply.ts';

/** What a client subscribes to. Each kind has names of its own. */
export type SubscriptionKind = 'channels' | 'patterns' | 'shardChannels';

/** Names are bytes as strings of one character a byte, like keys. */
type Subscribers = Map<string, Set<ClientSession>>;

/** Who gets what is published on this node. */
export class Subscriptions {
  readonly #subscribers: Record<SubscriptionKind, Subscribers> = {
    channels: new Map(),
    patterns: new Map(),
    shardChannels: new Map(),
  };
  readonly #matchers = new Map<string, (channel: string) => boolean>();

  add(kind: SubscriptionKind, client: ClientSession, name: string): void {
    if (client.subscribed[kind].has(name)) return;
    client.subscribed[kind].add(name);
    const subscribers = this.#subscribers[kind].get(name);
    if (subscribers !== undefined) {
      subscribers.add(client);
      return;
    }
    this.#subscribers[kind].set(name, new Set([client]));
    if (kind === 'patterns') this.#matchers.set(name, globMatcher(name));
  }

  remove(kind: SubscriptionKind, client: ClientSession, name: string): void {
    if (!client.subscribed[kind].delete(name)) return;
    const subscribers = this.#subscribers[kind].get(name);
    subscribers?.delete(client);
    if (subscribers?.size !== 0) return;
    this.#subscribers[kind].delete(name);
    if (kind === 'patterns') this.#matchers.delete(name);
  }

  /** Ends all of a client's subscriptions without telling it. */
  removeAll(client: ClientSession): void {
    for (const kind of ['channels', 'patterns', 'shardChannels'] as const) {
      for (const name of [...client.subscribed[kind]]) this.remove(kind, client, name);
    }
  }

  /** The names that somebody has subscribed to. */
  names(kind: SubscriptionKind): string[] {
    return [...this.#subscribers[kind].keys()];
  }

  count(kind: SubscriptionKind, name: string): number {
    return this.#subscribers[kind].get(name)?.size ?? 0;
  }

  /**
   * Sends a message to the subscribers of a channel and of each pattern that matches it.
   * @param message never changes afterwards: it is sent from where it lies.
   * @returns how many messages were sent.
   */
  publish(channel: string, message: Uint8Array): number {
    const name = Buffer.from(channel, 'latin1');
    let sent = this.#send('channels', channel, new Push(['message', name, message]));
    for (const [pattern, matches] of this.#matchers) {
      if (!matches(channel)) continue;
      const push = new Push(['pmessage', Buffer.from(pattern, 'latin1'), name, message]);
      sent += this.#send('patterns', pattern, push);
    }
    return sent;
  }

  /** The same for a shard channel. */
  publishToShard(channel: string, message: Uint8Array): number {
    return this.#send(
      'shardChannels',
      channel,
      new Push(['smessage', Buffer.from(channel, 'latin1'), message]),
    );
  }

  #send(kind: SubscriptionKind, name: string, push: Push): number {
    const subscribers = this.#subscribers[kind].get(name);
    if (subscribers === undefined) return 0;
    for (const client of subscribers) client.push(push);
    return subscribers.size;
  }
}
