import { errors } from '../../errors.ts';
import { requireInteger } from '../arguments.ts';
import { clusterSubcommand, countedSlotAt } from './cluster-subcommand.ts';

export const getkeysinslot = clusterSubcommand('getkeysinslot', {
  arity: 4,
  since: '3.0.0',
  summary: "Returns some of this node's keys in a slot",
  syntax: 'slot count',
  run(_, { node }, args) {
    const slot = countedSlotAt(args, 2);
    const count = requireInteger(args, 3);
    if (slot === undefined || count < 0) throw errors.invalidSlotOrCount();
    return node.keyspace.keysInSlot(slot, count).map((key) => Buffer.from(key, 'latin1'));
  },
});
