import { OK } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

export const resetstat: Command = {
  name: 'config|resetstat',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '2.0.0',
  summary: 'Puts the counts of INFO back to zero',
  syntax: '',
  run({ node }) {
    node.statistics.reset();
    node.statistics.expiredBefore = node.keyspace.expired;
    node.statistics.evictedBefore = node.keyspace.evicted;
    node.memory.resetStatistics();
    return OK;
  },
};
