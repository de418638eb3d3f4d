import type { Denial } from '../../access/selector.ts';
import { errors, ServerError } from '../../errors.ts';
import { bytesOf } from '../../protocol/latin1.ts';
import { OK } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import type { CommandTable } from '../table.ts';

export const aclDryrun: Command = {
  name: 'acl|dryrun',
  arity: -4,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'Tells whether a user may run a command, without running it',
  syntax: 'username command [argument ...]',
  run({ node }, args) {
    const user = node.access.find(keyAt(args, 2));
    if (user === undefined) throw errors.aclUserNotFound(textAt(args, 2));
    const asked = args.slice(3);
    const command = lookUp(node.commands, asked);
    if (command === undefined) throw errors.aclCommandNotFound(textAt(args, 3));
    if (!node.commands.arityFits(command, asked.length)) {
      throw errors.wrongArity(command.arityName ?? command.name);
    }
    const denial = user.check(command, asked);
    return denial === null ? OK : bytesOf(describe(denial));
  },
};

function lookUp(table: CommandTable, args: Arguments): Command | undefined {
  const found = table.find(keyAt(args, 0));
  if (found === undefined) return undefined;
  try {
    return table.withSubcommand(found, args);
  } catch (error) {
    if (error instanceof ServerError) return undefined;
    throw error;
  }
}

function describe({ reason, object }: Denial): string {
  const what = reason === 'command' ? `run the '${object}' command` : `access the '${object}' ${reason}`;
  return `This user has no permissions to ${what}`;
}
