import { errors } from '../../../errors.ts';
import { Verbatim } from '../../../protocol/reply.ts';
import { integerAt, keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { typeTestAt } from './client-type.ts';

export const list: Command = {
  name: 'client|list',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'connection',
  since: '2.4.0',
  summary: 'Describes all connections, one a line',
  syntax: '[TYPE NORMAL|MASTER|REPLICA|PUBSUB] [ID id [id ...]]',
  run({ node }, args) {
    let sessions = [...node.clients.values()];
    const option = keywordAt(args, 2);
    if (option === 'TYPE' && args.length === 4) sessions = sessions.filter(typeTestAt(args, 3));
    else if (option === 'ID' && args.length > 3) {
      const ids = args.slice(3).map((_, i) => integerAt(args, i + 3));
      if (ids.includes(undefined)) throw errors.invalidClientId();
      sessions = sessions.filter((session) => ids.includes(session.id));
    } else if (args.length > 2) throw errors.syntax();
    return new Verbatim(sessions.map((session) => `${session.describe()}\n`).join(''));
  },
};
