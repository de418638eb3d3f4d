import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const reply: Command = {
  name: 'client|reply',
  arity: 3,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '3.2.0',
  summary: "Sends all replies, none, or all but the next command's",
  syntax: 'ON | OFF | SKIP',
  run({ client }, args) {
    switch (keywordAt(args, 2)) {
      case 'ON':
        client.replyMode = 'on';
        return OK;
      case 'OFF':
        client.replyMode = 'off';
        return undefined;
      case 'SKIP':
        if (client.replyMode !== 'off') client.replyMode = 'skip-next';
        return undefined;
      default:
        throw errors.syntax();
    }
  },
};
