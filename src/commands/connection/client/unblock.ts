import { errors } from '../../../errors.ts';
import { keywordAt, requireInteger } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const unblock: Command = {
  name: 'client|unblock',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  summary: 'Ends the waiting of a client that a blocking command holds',
  syntax: 'id [TIMEOUT | ERROR]',
  run({ node }, args) {
    const reason = keywordAt(args, 3);
    if (args.length > 4) throw errors.unknownSubcommand('unblock', 'client');
    if (!['', 'TIMEOUT', 'ERROR'].includes(reason)) throw errors.unblockReason();
    const blocked = node.clients.get(requireInteger(args, 2))?.blocked ?? null;
    if (blocked === null) return 0;
    if (reason === 'ERROR') blocked.fail();
    else blocked.timeOut();
    return 1;
  },
};
