import type { Command } from '../../command.ts';
import { describeCommand } from './describe.ts';

export const info: Command = {
  name: 'command|info',
  arity: -2,
  flags: ['loading', 'stale'],
  group: 'server',
  since: '2.8.13',
  summary: 'Describes commands: arity, flags, keys, categories, subcommands',
  syntax: '[name [name ...]]',
  run({ node }, args) {
    const { commands } = node;
    if (args.length === 2) return commands.all().map(describeCommand);
    return args.slice(2).map((name) => {
      const found = commands.findByFullName(name.toString('latin1'));
      return found === undefined ? null : describeCommand(found);
    });
  },
};
