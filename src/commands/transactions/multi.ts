import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';

export const multi: Command = {
  name: 'multi',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  runsInMulti: true,
  group: 'transactions',
  summary: 'Starts a transaction: commands are queued until EXEC',
  syntax: '',
  run({ client }) {
    if (client.transaction !== null) throw errors.nestedMulti();
    client.transaction = { commands: [], broken: false };
    return OK;
  },
};
