import type { SubscriptionKind } from '../pubsub/subscriptions.ts';
import { PUSH } from './reply-scanner.ts';

const KINDS: Readonly<Record<string, SubscriptionKind>> = {
  '': 'channels',
  p: 'patterns',
  s: 'shardChannels',
};
const MESSAGE = /^\*[34]\r\n\$\d\r\n[ps]?message\r\n/;
const CONFIRMATION = /^[*>]3\r\n\$\d+\r\n(([ps]?)(un)?subscribe)\r\n/;
/** The longest beginning that tells what it is: `*3`, `$12` and `sunsubscribe`, each with its line's end. */
const TELLING_BYTES = 32;
/** Of MONITOR: the time, the database and the address; no reply looks so. */
const MONITOR_LINE = /^\+\d+\.\d+ \[/;
const LF = 10;
const DOLLAR = 36;

/** That something was subscribed to, or is no longer. */
export interface Confirmation {
  /** The command that it is said of, such as `psubscribe`. */
  readonly command: string;
  /** How many of its kind there were before. */
  readonly before: number;
}

/**
 * Tells what answers a command on a connection from what comes unasked: messages and what MONITOR shows. In RESP3 these are of a type of their
 * own; in RESP2 they look like replies, but come only while something is subscribed to.
 */
export class Messages {
  protocol: 2 | 3 = 2;
  isMonitoring = false;
  readonly #subscribed: Readonly<Record<SubscriptionKind, Set<string>>> = {
    channels: new Set(),
    patterns: new Set(),
    shardChannels: new Set(),
  };

  /** Whether Redis takes nothing but what changes subscriptions. */
  get isSubscribed(): boolean {
    const { channels, patterns, shardChannels } = this.#subscribed;
    return this.protocol === 2 && channels.size + patterns.size + shardChannels.size > 0;
  }

  /** Whether what looks like a reply may be none. */
  get mayCome(): boolean {
    return this.isMonitoring || this.isSubscribed;
  }

  /** As a new connection has it. */
  clear(): void {
    this.protocol = 2;
    this.isMonitoring = false;
    for (const names of Object.values(this.#subscribed)) names.clear();
  }

  /** @param reply a whole one. */
  isMessage(reply: Buffer): boolean {
    const begin = reply.toString('latin1', 0, TELLING_BYTES);
    if (this.isMonitoring && MONITOR_LINE.test(begin)) return true;
    return this.isSubscribed && MESSAGE.test(begin);
  }

  /** Takes note of what a whole reply confirms; null where it confirms nothing. */
  confirmed(reply: Buffer): Confirmation | null {
    const [begin, command = '', kind = '', un] =
      CONFIRMATION.exec(reply.toString('latin1', 0, TELLING_BYTES)) ?? [];
    if (begin === undefined) return null;
    const names = this.#subscribed[KINDS[kind] as SubscriptionKind];
    const before = names.size;
    const lineEnd = reply.indexOf(LF, begin.length);
    const length = Number(reply.toString('latin1', begin.length + 1, lineEnd - 1));
    // No name: there was nothing to end.
    if (length >= 0 && reply[begin.length] === DOLLAR) {
      const name = reply.toString('latin1', lineEnd + 1, lineEnd + 1 + length);
      if (un === undefined) names.add(name);
      else names.delete(name);
    }
    return { command, before };
  }

  /** Whether a reply of that type has to be looked at as a whole. */
  concerns(type: number): boolean {
    return type === PUSH || this.mayCome;
  }
}
