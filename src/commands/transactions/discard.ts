import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

export const discard: Command = {
  name: 'discard',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  runsInMulti: true,
  group: 'transactions',
  summary: 'Drops the queued commands and ends the transaction',
  syntax: '',
  run({ client }) {
    if (client.transaction === null) throw errors.discardWithoutMulti();
    client.transaction = null;
    client.unwatch();
    return OK;
  },
};
