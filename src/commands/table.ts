import { errors } from '../errors.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { aclCommands } from './acl/index.ts';
import { aiCommands } from './ai/index.ts';
import { textAt } from './arguments.ts';
import { cluster } from './cluster/index.ts';
import type { Command } from './command.ts';
import { client } from './connection/client/index.ts';
import * as connection from './connection/connection.ts';
import { hashCommands } from './hashes/index.ts';
import { keyCommands } from './keys/index.ts';
import { listCommands } from './lists/index.ts';
import { pubsubCommands } from './pubsub/index.ts';
import { scriptingCommands } from './scripting/index.ts';
import { serverCommands } from './server/index.ts';
import { setCommands } from './sets/index.ts';
import { sortedSetCommands } from './sorted-sets/index.ts';
import { stringCommands } from './strings/index.ts';
import { transactionCommands } from './transactions/index.ts';
import { transferCommands } from './transfer/index.ts';

const ALL: readonly Command[] = [
  ...aiCommands,
  ...keyCommands,
  ...stringCommands,
  ...Object.values(connection),
  ...hashCommands,
  ...listCommands,
  ...setCommands,
  ...sortedSetCommands,
  ...transactionCommands,
  ...transferCommands,
  ...pubsubCommands,
  ...aclCommands,
  ...scriptingCommands,
  ...serverCommands,
  ...[client, cluster],
];

/** The commands by name, in any case. */
export class CommandTable {
  readonly #byName: ReadonlyMap<string, Command>;
  readonly #byFullName: ReadonlyMap<string, Command>;

  constructor(commands: readonly Command[] = ALL) {
    this.#byName = new Map(commands.map((c) => [c.name, c]));
    this.#byFullName = new Map(
      commands.flatMap((c) => [c, ...(c.subcommands ?? [])]).map((c) => [c.name, c]),
    );
  }

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
    const sub = this.subcommandOf(found, args);
    if (sub === undefined) throw errors.unknownSubcommand(textAt(args, 1).slice(0, 128), found.name);
    return sub;
  }

  /** The same, undefined when there is no such subcommand. */
  subcommandOf(found: Command, args: Arguments): Command | undefined {
    if (found.subcommands === undefined || args[1] === undefined) return found;
    return this.findByFullName(`${found.name}|${args[1].toString('latin1')}`);
  }

  /** A command, or a subcommand as `config|get`, in any case. */
  findByFullName(name: string): Command | undefined {
    return this.#byFullName.get(name.toLowerCase());
  }

  /** Whether a command takes that many arguments, its name counted. */
  arityFits(found: Command, count: number): boolean {
    return found.arity < 0 ? count >= -found.arity : count === found.arity;
  }
}
