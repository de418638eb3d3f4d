import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { integerAt, keywordAt, textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const pause: Command = {
  name: 'client|pause',
  arity: -3,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '2.9.50',
  summary: 'Holds the commands of all clients, or those that write, for a while',
  syntax: 'milliseconds [WRITE | ALL]',
  run({ node }, args) {
    if (args.length > 4) throw errors.unknownSubcommandOrArity(textAt(args, 1), 'client');
    const mode = args.length === 4 ? keywordAt(args, 3) : 'ALL';
    if (mode !== 'WRITE' && mode !== 'ALL') throw errors.pauseMode();
    const ms = integerAt(args, 2);
    if (ms === undefined) throw errors.timeoutNotInteger();
    if (ms < 0) throw errors.timeoutNegative();
    node.pause.start(ms, mode);
    return OK;
  },
};

export const unpause: Command = {
  name: 'client|unpause',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '6.2.0',
  summary: 'Ends CLIENT PAUSE',
  syntax: '',
  run({ node }) {
    node.pause.end();
    return OK;
  },
};
