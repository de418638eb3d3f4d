import { SLOT_COUNT, type SlotMap } from '../../../cluster/slot-map.ts';
import { Verbatim } from '../../protocol/reply.ts';
import { clusterSubcommand } from './cluster-subcommand.ts';

export const info = clusterSubcommand('info', {
  arity: 2,
  since: '3.0.0',
  summary: "Returns the cluster's state",
  syntax: '',
  run: (map) => new Verbatim(clusterInfo(map)),
});

function clusterInfo(slots: SlotMap): string {
  const known = slots.nodes.length;
  const fields: [string, string | number][] = [
    ['cluster_state', 'ok'],
    ['cluster_slots_assigned', SLOT_COUNT],
    ['cluster_slots_ok', SLOT_COUNT],
    ['cluster_slots_pfail', 0],
    ['cluster_slots_fail', 0],
    ['cluster_known_nodes', known],
    ['cluster_size', slots.nodes.filter((n) => n.ranges.length > 0).length],
    ['cluster_current_epoch', known],
    ['cluster_my_epoch', slots.nodes.indexOf(slots.myself) + 1],
    ['cluster_stats_messages_sent', 0],
    ['cluster_stats_messages_received', 0],
  ];
  return fields.map(([name, value]) => `${name}:${value}\r\n`).join('');
}
