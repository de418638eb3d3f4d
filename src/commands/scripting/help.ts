import { type Reply, SimpleString } from '../../protocol/reply.ts';
import type { Command, CommandGroup } from '../command.ts';

/** The HELP of a container, with the text between the first and the last lines. */
export function helpOf(
  container: string,
  lines: readonly string[],
  group: CommandGroup = 'scripting',
): Command {
  const reply: Reply = [
    `${container.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...lines,
    'HELP',
    '    Prints this help.',
  ].map((line) => new SimpleString(line));
  return {
    name: `${container}|help`,
    arity: 2,
    flags: ['loading', 'stale'],
    group,
    summary: 'Lists the subcommands',
    syntax: '',
    run: () => reply,
  };
}
