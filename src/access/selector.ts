import { type Command, keyPositions } from '../commands/command.ts';
import type { CommandTable } from '../commands/table.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { ChannelPatterns, channelsOf } from './channel-patterns.ts';
import { CommandPermissions } from './command-permissions.ts';
import { keyAccesses } from './key-access.ts';
import { KeyPatterns } from './key-patterns.ts';
import { ruleErrors } from './rule-error.ts';

/** Why a command is refused. */
export interface Denial {
  readonly reason: 'command' | 'key' | 'channel';
  /** The command's full name, or the key or channel, one character a byte. */
  readonly object: string;
  /** The key's or channel's place among the arguments; 0 for a command. */
  readonly position: number;
}

/** A set of permissions: these commands, on these keys and channels. A user has one, and more in parentheses. */
export class Selector {
  readonly commands: CommandPermissions;
  readonly keys: KeyPatterns;
  readonly channels: ChannelPatterns;

  private constructor(commands: CommandPermissions, keys: KeyPatterns, channels: ChannelPatterns) {
    this.commands = commands;
    this.keys = keys;
    this.channels = channels;
  }

  /** One that allows nothing. */
  static empty(table: CommandTable): Selector {
    return new Selector(new CommandPermissions(table), new KeyPatterns(), new ChannelPatterns());
  }

  clone(): Selector {
    return new Selector(this.commands.clone(), this.keys.clone(), this.channels.clone());
  }

  /** Whether it allows everything, so that nothing has to be looked at. */
  get all(): boolean {
    return this.commands.all && this.keys.all && this.channels.all;
  }

  /**
   * Applies one rule, such as `+get` or `~cache:*`.
   * @throws RuleError
   */
  apply(rule: string): void {
    const lower = rule.toLowerCase();
    if (lower === '') return;
    if (lower === 'allkeys' || lower === '~*') this.keys.setAll(true);
    else if (lower === 'resetkeys') this.keys.setAll(false);
    else if (lower === 'allchannels' || lower === '&*') this.channels.setAll(true);
    else if (lower === 'resetchannels') this.channels.setAll(false);
    else if (lower === 'allcommands' || lower === 'nocommands') this.commands.apply(rule);
    else if (rule[0] === '+' || rule[0] === '-') this.commands.apply(rule);
    else if (rule[0] === '~' || rule[0] === '%') this.keys.add(rule);
    else if (rule[0] === '&') this.channels.add(rule);
    else throw ruleErrors.syntax();
  }

  /** Null where the command may run with these arguments. */
  check(command: Command, args: Arguments): Denial | null {
    if (!this.commands.allows(command, args)) return { reason: 'command', object: command.name, position: 0 };
    return this.#checkKeys(command, args) ?? this.#checkChannels(command, args);
  }

  /** In the format of the ACL file: keys, channels, commands. */
  describe(): string {
    const keys = this.keys.describe();
    const channels = this.channels.describe();
    const parts = [
      keys,
      this.channels.all ? channels : `resetchannels ${channels}`.trimEnd(),
      this.commands.describe(),
    ];
    return parts.filter((part) => part !== '').join(' ');
  }

  #checkKeys(command: Command, args: Arguments): Denial | null {
    if (this.keys.all) return null;
    const positions = keyPositions(command, args);
    if (positions.length === 0) return null;
    const accesses = keyAccesses(command, args, positions);
    for (const [i, position] of positions.entries()) {
      const key = (args[position] as Buffer).toString('latin1');
      const access = accesses[i];
      if (access !== undefined && !this.keys.allows(key, access))
        return { reason: 'key', object: key, position };
    }
    return null;
  }

  #checkChannels(command: Command, args: Arguments): Denial | null {
    if (this.channels.all) return null;
    const { positions, patterns } = channelsOf(command, args);
    for (const position of positions) {
      const channel = (args[position] as Buffer).toString('latin1');
      if (!this.channels.allows(channel, patterns)) return { reason: 'channel', object: channel, position };
    }
    return null;
  }
}

const SEVERITY: Record<Denial['reason'], number> = { command: 1, key: 2, channel: 3 };

/** Of two denials the one that got further: of several selectors the error tells of the one that nearly allowed the command. */
export function furtherDenial(a: Denial | null, b: Denial): Denial {
  if (a === null) return b;
  const difference = SEVERITY[b.reason] - SEVERITY[a.reason];
  return difference > 0 || (difference === 0 && b.position > a.position) ? b : a;
}
