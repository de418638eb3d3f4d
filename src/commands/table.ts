import { errors } from '../errors.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { aclCommands } from './acl/index.ts';
import { aiCommands } from './ai/index.ts';
import { cluster } from './cluster/cluster.ts';
import type { Command } from './command.ts';
import { client } from './connection/client.ts';
import * as connection from './connection/connection.ts';
import { hashCommands } from './hashes/index.ts';
import * as expiry from './keys/expiry.ts';
import * as keys from './keys/keys.ts';
import { listCommands } from './lists/index.ts';
import { pubsubCommands } from './pubsub/index.ts';
import { scriptingCommands } from './scripting/index.ts';
import { command } from './server/command.ts';
import { config } from './server/config.ts';
import { info } from './server/info.ts';
import { setCommands } from './sets/index.ts';
import { sortedSetCommands } from './sorted-sets/index.ts';
import * as strings from './strings/strings.ts';
import { transactionCommands } from './transactions/index.ts';

const ALL: readonly Command[] = [
  ...aiCommands,
  ...Object.values(keys),
  ...Object.values(expiry),
  ...Object.values(strings),
  ...Object.values(connection),
  ...hashCommands,
  ...listCommands,
  ...setCommands,
  ...sortedSetCommands,
  ...transactionCommands,
  ...pubsubCommands,
  ...aclCommands,
  ...scriptingCommands,
  ...[client, command, config, info, cluster],
];

/** The commands by name, in any case. */
export class CommandTable {
  readonly #byName = new Map<string, Command>(ALL.map((c) => [c.name, c]));

  /** All commands, sorted by name. */
  all(): Command[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): Command | undefined {
    return this.#byName.get(name) ?? this.#byName.get(name.toLowerCase());
  }

  /**
   * The subcommand that the second argument names, or the command itself where it has none.
   * @throws ServerError when the second argument names no subcommand of it.
   */
  withSubcommand(found: Command, args: Arguments): Command {
    if (found.subcommands === undefined || args[1] === undefined) return found;
    const wanted = `${found.name}|${args[1].toString('latin1').toLowerCase()}`;
    const sub = found.subcommands.find((c) => c.name === wanted);
    if (sub === undefined) throw errors.unknownSubcommand(args[1].toString('utf8'), found.name);
    return sub;
  }

  /** Whether a command takes that many arguments, its name counted. */
  arityFits(found: Command, count: number): boolean {
    return found.arity < 0 ? count >= -found.arity : count === found.arity;
  }
}
