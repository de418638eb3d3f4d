import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const watch: Command = {
  name: 'watch',
  arity: -2,
  flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
  runsInMulti: true,
  keys: { first: 1, last: -1, step: 1 },
  group: 'transactions',
  summary: 'Lets the next EXEC run only if the keys do not change before',
  syntax: 'key [key ...]',
  run({ node, client }, args) {
    if (client.transaction !== null) throw errors.watchInMulti();
    for (let i = 1; i < args.length; i++) {
      const key = keyAt(args, i);
      if (client.watched.has(key)) continue;
      client.watched.set(
        key,
        node.keyspace.watch(key, () => {
          client.watchedChanged = true;
        }),
      );
    }
    return OK;
  },
};
