import type { Command } from '../../command.ts';
import { withHelp } from '../../container.ts';
import { count } from './count.ts';
import { describeCommand } from './describe.ts';
import { docs } from './docs.ts';
import { getkeys } from './getkeys.ts';
import { getkeysandflags } from './getkeysandflags.ts';
import { info } from './info.ts';
import { list } from './list.ts';

const about = { name: 'command', group: 'server' } as const;

export const command: Command = {
  ...about,
  arity: -1,
  flags: ['loading', 'stale'],
  since: '2.8.13',
  summary: 'Describes all commands',
  syntax: '',
  subcommands: withHelp(about, [count, docs, getkeys, getkeysandflags, info, list]),
  run: ({ node }) => node.commands.all().map(describeCommand),
};
