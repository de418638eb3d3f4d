import { errors } from '../../../errors.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import { type Command, keyPositions } from '../../command.ts';
import type { CommandTable } from '../../table.ts';

export const getkeys: Command = {
  name: 'command|getkeys',
  arity: -4,
  flags: ['loading', 'stale'],
  group: 'server',
  since: '2.8.13',
  summary: 'Tells which arguments of a command are keys',
  syntax: 'command arg [arg ...]',
  run: ({ node }, args) => keysOf(node.commands, args).keys,
};

/** A command that was given as the arguments of another. */
interface GivenCommand {
  readonly command: Command;
  readonly given: Arguments;
  readonly positions: readonly number[];
  readonly keys: Uint8Array[];
}

/**
 * The command that follows the subcommand's name, and its keys.
 * @throws ServerError where there is no such command, it has too few arguments, or no keys.
 */
export function keysOf(table: CommandTable, args: Arguments): GivenCommand {
  const given = args.slice(2);
  const named = table.find((given[0] as Buffer).toString('latin1'));
  const command = named === undefined ? undefined : table.subcommandOf(named, given);
  if (command === undefined) throw errors.invalidCommandForGetkeys();
  if (command.keys === undefined && command.findKeys === undefined) throw errors.noKeysForGetkeys();
  if (!table.arityFits(command, given.length)) throw errors.wrongArgsForGetkeys();
  const positions = keyPositions(command, given);
  if (positions.length === 0 && !command.flags.includes('no_mandatory_keys'))
    throw errors.invalidArgsForGetkeys();
  return { command, given, positions, keys: positions.map((i) => Uint8Array.from(given[i] as Buffer)) };
}
