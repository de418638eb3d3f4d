import { errors } from '../../errors.ts';
import { clusterSubcommand, countedSlotAt } from './cluster-subcommand.ts';

export const countkeysinslot = clusterSubcommand('countkeysinslot', {
  arity: 3,
  since: '3.0.0',
  summary: "Counts this node's keys in a slot",
  syntax: 'slot',
  run(_, { node }, args) {
    const slot = countedSlotAt(args, 2);
    if (slot === undefined) throw errors.invalidSlot();
    return node.keyspace.countInSlot(slot);
  },
});
