import { memoryFigures } from '../../../observability/memory.ts';
import { Double, MapReply } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

export const stats: Command = {
  name: 'memory|stats',
  arity: 2,
  flags: [],
  group: 'server',
  since: '4.0.0',
  summary: 'Returns what memory is used for, by name',
  syntax: '',
  run({ node }) {
    const { used, dataset, peak, rss, clientBytes, heapUsed, external, fragmentation } = memoryFigures(node);
    const keys = node.keyspace.size;
    return new MapReply([
      ['peak.allocated', peak],
      ['total.allocated', used],
      ['startup.allocated', 0],
      ['replication.backlog', 0],
      ['clients.slaves', 0],
      ['clients.normal', clientBytes],
      ['cluster.links', 0],
      ['aof.buffer', 0],
      ['overhead.total', clientBytes],
      ['keys.count', keys],
      ['keys.bytes-per-key', keys === 0 ? 0 : Math.round(dataset / keys)],
      ['dataset.bytes', dataset],
      ['dataset.percentage', new Double(used === 0 ? 0 : (dataset / used) * 100)],
      ['peak.percentage', new Double(peak === 0 ? 100 : (used / peak) * 100)],
      ['fragmentation', new Double(fragmentation)],
      ['fragmentation.bytes', rss - used - heapUsed - external],
    ]);
  },
};
