import { type Reply, SimpleString } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

/** The HELP of a container, with Redis's text between the first and the last lines. */
export function helpOf(container: string, lines: readonly string[]): Command {
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
    group: 'scripting',
    summary: 'Lists the subcommands',
    syntax: '',
    run: () => reply,
  };
}
