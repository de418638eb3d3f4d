import { errors } from '../errors.ts';
import { SimpleString } from '../protocol/reply.ts';
import type { Command } from './command.ts';

/** A command that is nothing but its subcommands; HELP is added to them. */
export function container(
  about: Pick<Command, 'name' | 'group' | 'summary' | 'since'>,
  subcommands: readonly Command[],
): Command {
  return {
    ...about,
    arity: -2,
    flags: [],
    syntax: '',
    subcommands: withHelp(about, subcommands),
    run() {
      throw errors.wrongArity(about.name);
    },
  };
}

/** The subcommands and HELP, which lists them with syntax and summary, as Redis does. */
export function withHelp(
  { name, group }: Pick<Command, 'name' | 'group'>,
  subcommands: readonly Command[],
): readonly Command[] {
  const help: Command = {
    name: `${name}|help`,
    arity: 2,
    flags: ['loading', 'stale'],
    group,
    since: '5.0.0',
    summary: 'Lists the subcommands',
    syntax: '',
    run: () =>
      [
        `${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
        ...subcommands.flatMap((sub) => [
          `${sub.name.slice(name.length + 1).toUpperCase()} ${sub.syntax}`.trimEnd(),
          `    ${sub.summary}.`,
        ]),
        'HELP',
        '    Prints this help.',
      ].map((line) => new SimpleString(line)),
  };
  return [...subcommands, help];
}
