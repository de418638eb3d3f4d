import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { keywordAt, textAt } from '../arguments.ts';
import { CHANGES_TOPOLOGY, clusterSubcommand, slotAt } from './cluster-subcommand.ts';

export const setslot = clusterSubcommand('setslot', {
  arity: -4,
  flags: CHANGES_TOPOLOGY,
  since: '3.0.0',
  summary: 'Marks a slot as on the move to or from a node, or as stable',
  syntax: 'slot MIGRATING id | IMPORTING id | STABLE',
  run(slots, _, args) {
    const slot = slotAt(args, 2);
    const action = keywordAt(args, 3);
    if (action === 'STABLE' && args.length === 4) {
      slots.setStable(slot);
      return OK;
    }
    if (action === 'NODE') throw errors.fixedTopology('setslot node');
    if ((action !== 'MIGRATING' && action !== 'IMPORTING') || args.length !== 5) throw errors.syntax();
    const id = textAt(args, 4);
    if (!slots.nodes.some((n) => n.id === id)) throw errors.unknownNode(id);
    if (action === 'MIGRATING') {
      if (!slots.isMine(slot)) throw errors.slotNotMine(slot);
      slots.setMigrating(slot, id);
    } else {
      if (slots.isMine(slot)) throw errors.slotAlreadyMine(slot);
      slots.setImporting(slot, id);
    }
    return OK;
  },
});
