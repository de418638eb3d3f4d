import { OK } from '../../../protocol/reply.ts';
import type { Command } from '../../command.ts';

export const reset: Command = {
  name: 'slowlog|reset',
  arity: 2,
  flags: ['admin', 'loading', 'stale'],
  group: 'server',
  since: '2.2.12',
  summary: 'Forgets the slow commands',
  syntax: '',
  run({ node }) {
    node.slowLog.clear();
    return OK;
  },
};
