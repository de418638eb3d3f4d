import slotOf from 'cluster-key-slot';
import { clusterSubcommand } from './cluster-subcommand.ts';

export const keyslot = clusterSubcommand('keyslot', {
  arity: 3,
  since: '3.0.0',
  summary: 'Returns the slot of a key',
  syntax: 'key',
  run: (_, __, args) => slotOf(args[2] as Buffer),
});
