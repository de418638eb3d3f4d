import { OK } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

export const unwatch: Command = {
  name: 'unwatch',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  group: 'transactions',
  summary: 'Ends all WATCHes of this connection',
  syntax: '',
  run({ client }) {
    client.unwatch();
    return OK;
  },
};
