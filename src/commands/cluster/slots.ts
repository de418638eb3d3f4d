import { portFor } from '../../../cluster/slot-map.ts';
import type { Reply } from '../../protocol/reply.ts';
import { clusterSubcommand } from './cluster-subcommand.ts';

export const slots = clusterSubcommand('slots', {
  arity: 2,
  since: '3.0.0',
  summary: 'Returns the ranges of slots and the node of each',
  syntax: '',
  run: (map, { client }) =>
    map.nodes.flatMap((n) =>
      n.ranges.map(([from, to]): Reply => [from, to, [n.host, portFor(n, client.origin.secure), n.id, []]]),
    ),
});
