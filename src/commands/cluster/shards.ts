import type { ClusterNode } from '../../../cluster/slot-map.ts';
import { MapReply, type Reply } from '../../protocol/reply.ts';
import { clusterSubcommand } from './cluster-subcommand.ts';

export const shards = clusterSubcommand('shards', {
  arity: 2,
  since: '7.0.0',
  summary: 'Returns the shards: their slots and nodes',
  syntax: '',
  run: (map) => map.nodes.map(shard),
});

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
