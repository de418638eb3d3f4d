import slotOf from 'cluster-key-slot';
import {
  type ClusterNode,
  formatRanges,
  portFor,
  SLOT_COUNT,
  type SlotMap,
} from '../../../cluster/slot-map.ts';
import { errors } from '../../errors.ts';
import type { NodeContext } from '../../node-context.ts';
import { MapReply, OK, type Reply, Verbatim } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { integerAt, keywordAt, requireInteger, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';

/** Redis's bus port; there is no bus here, but CLUSTER NODES has a place for it that clients parse. */
const BUS_PORT_OFFSET = 10_000;

export const cluster: Command = {
  name: 'cluster',
  arity: -2,
  flags: ['loading', 'stale'],
  group: 'cluster',
  summary: 'Tells about nodes and hash slots',
  syntax:
    'SLOTS | SHARDS | NODES | INFO | MYID | LINKS | KEYSLOT key | COUNTKEYSINSLOT slot | GETKEYSINSLOT slot count | SETSLOT slot MIGRATING id | IMPORTING id | STABLE',
  run({ node, client }, args) {
    if (node.slots === null) throw errors.clusterDisabled();
    return answer(node, node.slots, args, client.origin.secure);
  },
};

function answer(node: NodeContext, slots: SlotMap, args: Arguments, secure: boolean): Reply {
  const sub = keywordAt(args, 1);
  const exactly = (count: number) => {
    if (args.length !== count) throw errors.invalidSubcommandArity(`cluster|${sub.toLowerCase()}`);
  };
  switch (sub) {
    case 'SLOTS':
      exactly(2);
      return slots.nodes.flatMap((n) =>
        n.ranges.map(([from, to]): Reply => [from, to, [n.host, portFor(n, secure), n.id, []]]),
      );
    case 'SHARDS':
      exactly(2);
      return slots.nodes.map(shard);
    case 'NODES':
      exactly(2);
      return new Verbatim(slots.nodes.map((n) => `${nodeLine(n, slots, secure)}\n`).join(''));
    case 'INFO':
      exactly(2);
      return new Verbatim(clusterInfo(slots));
    case 'MYID':
      exactly(2);
      return node.id;
    case 'LINKS':
      // Nodes do not talk to each other: the topology comes from the configuration.
      exactly(2);
      return [];
    case 'KEYSLOT':
      exactly(3);
      return slotOf(args[2] as Buffer);
    case 'COUNTKEYSINSLOT':
      exactly(3);
      return node.keyspace.countInSlot(slotAt(args));
    case 'GETKEYSINSLOT': {
      exactly(4);
      const slot = slotAt(args);
      const count = requireInteger(args, 3);
      if (count < 0) throw errors.invalidSlot();
      return node.keyspace.keysInSlot(slot, count).map((key) => Buffer.from(key, 'latin1'));
    }
    case 'SETSLOT':
      return setSlot(slots, args);
    case 'RESET':
    case 'MEET':
    case 'FORGET':
    case 'ADDSLOTS':
    case 'ADDSLOTSRANGE':
    case 'DELSLOTS':
    case 'DELSLOTSRANGE':
    case 'FLUSHSLOTS':
    case 'REPLICATE':
    case 'FAILOVER':
      throw errors.fixedTopology(sub);
    default:
      throw errors.unknownSubcommand(textAt(args, 1), 'cluster');
  }
}

function slotAt(args: Arguments): number {
  const slot = integerAt(args, 2);
  if (slot === undefined || slot < 0 || slot >= SLOT_COUNT) throw errors.slotOutOfRange();
  return slot;
}

function shard(n: ClusterNode): Reply {
  return new MapReply([
    ['slots', n.ranges.flat()],
    [
      'nodes',
      [
        new MapReply([
          ['id', n.id],
          ...(n.port === 0 ? [] : ([['port', n.port]] as const)),
          ...(n.tlsPort === 0 ? [] : ([['tls-port', n.tlsPort]] as const)),
          ['ip', n.host],
          ['endpoint', n.host],
          ['role', 'master'],
          ['replication-offset', 0],
          ['health', 'online'],
        ]),
      ],
    ],
  ]);
}

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

function setSlot(slots: SlotMap, args: Arguments): Reply {
  if (args.length < 4) throw errors.invalidSubcommandArity('cluster|setslot');
  const slot = slotAt(args);
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
}
