import { errors } from '../../../errors.ts';
import { keywordAt, requireInteger, textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const unblock: Command = {
  name: 'client|unblock',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '5.0.0',
  summary: "Ends the wait of a client's blocking command, as if its time was over or with an error",
  syntax: 'id [TIMEOUT | ERROR]',
  run({ node }, args) {
    if (args.length > 4) throw errors.unknownSubcommandOrArity(textAt(args, 1), 'client');
    const reason = keywordAt(args, 3);
    if (!['', 'TIMEOUT', 'ERROR'].includes(reason)) throw errors.unblockReason();
    const blocked = node.clients.get(requireInteger(args, 2))?.blocked ?? null;
    if (blocked === null) return 0;
    if (reason === 'ERROR') blocked.fail();
    else blocked.timeOut();
    return 1;
  },
};
