import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

export const monitor: Command = {
  name: 'monitor',
  arity: 1,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'Shows each command that runs from now on, passwords hidden, administrative ones left out',
  syntax: '',
  run({ node, client, inTransaction }) {
    if (inTransaction) throw errors.monitorDenied();
    client.monitoring = true;
    node.monitors.add(client);
    return OK;
  },
};
