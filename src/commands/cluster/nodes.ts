import {
  type ClusterNode,
  formatRanges,
  portFor,
  SLOT_COUNT,
  type SlotMap,
} from '../../../cluster/slot-map.ts';
import { Verbatim } from '../../protocol/reply.ts';
import { clusterSubcommand } from './cluster-subcommand.ts';

/** Redis's bus port; there is no bus here, but CLUSTER NODES has a place for it that clients parse. */
const BUS_PORT_OFFSET = 10_000;

export const nodes = clusterSubcommand('nodes', {
  arity: 2,
  since: '3.0.0',
  summary: 'Returns a line about each node',
  syntax: '',
  run: (map, { client }) =>
    new Verbatim(map.nodes.map((n) => `${nodeLine(n, map, client.origin.secure)}\n`).join('')),
});

function nodeLine(n: ClusterNode, slots: SlotMap, secure: boolean): string {
  const mine = n.id === slots.myself.id;
  const flags = mine ? 'myself,master' : 'master';
  const ranges = formatRanges(n.ranges);
  if (mine) ranges.push(...openSlots(slots));
  const port = portFor(n, secure);
  const address = `${n.host}:${port}@${port + BUS_PORT_OFFSET}`;
  return `${n.id} ${address} ${flags} - 0 0 ${slots.nodes.indexOf(n) + 1} connected ${ranges.join(' ')}`;
}

function openSlots(slots: SlotMap): string[] {
  const open: string[] = [];
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const to = slots.migratingTo(slot);
    const from = slots.importingFrom(slot);
    if (to !== undefined) open.push(`[${slot}->-${to.id}]`);
    if (from !== undefined) open.push(`[${slot}-<-${from.id}]`);
  }
  return open;
}
