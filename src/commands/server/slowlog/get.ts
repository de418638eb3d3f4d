import { errors } from '../../../errors.ts';
import { integerAt, textAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

const DEFAULT_COUNT = 10;

export const get: Command = {
  name: 'slowlog|get',
  arity: -2,
  flags: ['admin', 'loading', 'stale'],
  group: 'server',
  since: '2.2.12',
  summary:
    'Returns the latest slow commands (10; -1 for all): id, time, microseconds, arguments, client address, client name',
  syntax: '[count]',
  run({ node }, args) {
    if (args.length > 3) throw errors.unknownSubcommandOrArity(textAt(args, 1), 'slowlog');
    const count = args.length === 3 ? integerAt(args, 2) : DEFAULT_COUNT;
    if (count === undefined || count < -1) throw errors.slowlogCount();
    return node.slowLog
      .latest(count === -1 ? node.slowLog.length : count)
      .map((e) => [e.id, e.at, e.usec, e.args, e.address, e.clientName]);
  },
};
