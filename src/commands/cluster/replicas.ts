import type { SlotMap } from '../../../cluster/slot-map.ts';
import { errors } from '../../errors.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { textAt } from '../arguments.ts';
import { clusterSubcommand } from './cluster-subcommand.ts';

function requireNode(slots: SlotMap, args: Arguments): void {
  const id = textAt(args, 2);
  if (!slots.nodes.some((n) => n.id === id)) throw errors.unknownNode(id);
}

const declared = {
  arity: 3,
  flags: ['admin', 'stale'],
  summary: "Returns a node's replicas; this engine has none",
  syntax: 'id',
  run(slots: SlotMap, _: unknown, args: Arguments) {
    requireNode(slots, args);
    return [];
  },
} as const;

export const replicas = clusterSubcommand('replicas', { ...declared, since: '5.0.0' });
export const slaves = clusterSubcommand('slaves', { ...declared, since: '3.0.0' });

export const countFailureReports = clusterSubcommand('count-failure-reports', {
  arity: 3,
  flags: ['admin', 'stale'],
  since: '3.0.0',
  summary: 'Counts reports that a node is down; nodes do not watch each other, so the answer is 0',
  syntax: 'id',
  run(slots, _, args) {
    requireNode(slots, args);
    return 0;
  },
});
