import type { Command } from '../../command.ts';
import { keyFlags, statuses } from './describe.ts';
import { keysOf } from './getkeys.ts';

export const getkeysandflags: Command = {
  name: 'command|getkeysandflags',
  arity: -4,
  flags: ['loading', 'stale'],
  group: 'server',
  since: '7.0.0',
  summary: 'Tells which arguments of a command are keys, and what it does with them',
  syntax: 'command arg [arg ...]',
  run({ node }, args) {
    const { command, keys } = keysOf(node.commands, args);
    return keys.map((key) => [key, statuses(keyFlags(command))]);
  },
};
