import type { LoggedDenial } from '../../access/denial-log.ts';
import { errors } from '../../errors.ts';
import { bytesOf } from '../../protocol/latin1.ts';
import { Double, MapReply, OK, type Reply } from '../../protocol/reply.ts';
import { keywordAt, requireInteger, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';

const DEFAULT_COUNT = 10;

export const aclLog: Command = {
  name: 'acl|log',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary: 'The latest refused commands and logins, or forgets them',
  syntax: '[count | RESET]',
  run({ node }, args) {
    if (args.length > 3) throw errors.subcommandSyntax(textAt(args, 1), 'ACL');
    if (keywordAt(args, 2) === 'RESET') {
      node.access.log.reset();
      return OK;
    }
    const count = args.length === 3 ? requireInteger(args, 2) : DEFAULT_COUNT;
    const now = Date.now();
    return node.access.log.entries(Math.max(count, 0)).map((entry) => describe(entry, now));
  },
};

/** Redis 7.0's fields, and behind them those that 7.2 added. */
function describe(entry: LoggedDenial, now: number): Reply {
  return new MapReply([
    ['count', entry.count],
    ['reason', entry.reason],
    ['context', entry.context],
    ['object', bytesOf(entry.object)],
    ['username', bytesOf(entry.username)],
    ['age-seconds', new Double((now - entry.updatedAt) / 1000)],
    ['client-info', entry.clientInfo],
    ['entry-id', entry.id],
    ['timestamp-created', entry.createdAt],
    ['timestamp-last-updated', entry.updatedAt],
  ]);
}
