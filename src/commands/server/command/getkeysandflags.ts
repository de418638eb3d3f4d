import { keyAccesses } from '../../../access/key-access.ts';
import type { KeyAccess } from '../../../access/key-patterns.ts';
import type { Command, KeyFlag } from '../../command.ts';
import { statuses } from './describe.ts';
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
    const { command, given, positions, keys } = keysOf(node.commands, args);
    const flags = command.findKeys === undefined ? command.keySpecs?.[0]?.flags : undefined;
    const accesses = keyAccesses(command, given, positions);
    return keys.map((key, i) => [key, statuses(flags ?? flagsOf(accesses[i] as KeyAccess))]);
  },
};

/** Whether a changed key is overwritten, appended to or deleted is not told apart where no rule of the command says it. */
function flagsOf({ reads, writes }: KeyAccess): readonly KeyFlag[] {
  if (writes) return reads ? ['RW', 'access', 'update'] : ['OW', 'update'];
  return reads ? ['RO', 'access'] : ['RO'];
}
