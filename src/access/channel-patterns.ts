import type { Command } from '../commands/command.ts';
import { globMatcher } from '../commands/keys/glob.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { hasSpaces } from './key-patterns.ts';
import { ruleErrors } from './rule-error.ts';

/** The channels that a selector allows: the effect of `&pattern`, `allchannels`, `resetchannels`. */
export class ChannelPatterns {
  #all = false;
  readonly #patterns = new Map<string, (channel: string) => boolean>();

  get all(): boolean {
    return this.#all;
  }

  setAll(all: boolean): void {
    this.#all = all;
    this.#patterns.clear();
  }

  /**
   * Adds `&pattern`.
   * @throws RuleError
   */
  add(rule: string): void {
    if (this.#all) throw ruleErrors.patternAfterAllChannels();
    const pattern = rule.slice(1);
    if (hasSpaces(pattern)) throw ruleErrors.syntax();
    this.#patterns.set(pattern, globMatcher(pattern));
  }

  /** Whether the channel is allowed; a pattern to subscribe to (`literal`) has to be one of the rules, letter by letter. */
  allows(channel: string, literal: boolean): boolean {
    if (this.#all) return true;
    if (literal) return this.#patterns.has(channel);
    for (const matches of this.#patterns.values()) if (matches(channel)) return true;
    return false;
  }

  clone(): ChannelPatterns {
    const copy = new ChannelPatterns();
    copy.#all = this.#all;
    for (const [pattern, matches] of this.#patterns) copy.#patterns.set(pattern, matches);
    return copy;
  }

  /** The patterns, such as `&a &b*`; empty where no channel is allowed. */
  describe(): string {
    return this.#all ? '&*' : [...this.#patterns.keys()].map((pattern) => `&${pattern}`).join(' ');
  }
}

/** Where channels stand among the arguments: the first one's position, and whether there may be more. */
const CHANNELS: Record<string, { readonly more: boolean; readonly patterns: boolean }> = {
  publish: { more: false, patterns: false },
  spublish: { more: false, patterns: false },
  subscribe: { more: true, patterns: false },
  ssubscribe: { more: true, patterns: false },
  psubscribe: { more: true, patterns: true },
};

/** The positions of the channels that the command sends to or listens on. Leaving a channel needs no permission, as in Redis. */
export function channelsOf(command: Command, args: Arguments): { positions: number[]; patterns: boolean } {
  const place = CHANNELS[command.name];
  if (place === undefined) return { positions: [], patterns: false };
  const end = place.more ? args.length : Math.min(2, args.length);
  return {
    positions: Array.from({ length: end - 1 }, (_, i) => i + 1),
    patterns: place.patterns,
  };
}
