import type { ClientSession } from '../../client-session.ts';
import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { orMisconf } from './misconf.ts';

export const debug: Command = {
  name: 'debug',
  arity: -2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  summary:
    'For tests: holds the whole node for a while, lets keys expire only when they are looked at, reads all keys back from the disk',
  syntax: 'SLEEP seconds | SET-ACTIVE-EXPIRE 0|1 | RELOAD',
  async run({ node, client }, args) {
    const { debugCommand } = node.config;
    if (debugCommand === 'no' || (debugCommand === 'local' && !isLocal(client))) {
      throw errors.debugNotAllowed();
    }
    const sub = keywordAt(args, 1);
    if (sub === 'SLEEP' && args.length === 3) {
      const seconds = Number.parseFloat(textAt(args, 2));
      // As in Redis nothing else goes on meanwhile.
      if (seconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
      return OK;
    }
    if (sub === 'SET-ACTIVE-EXPIRE' && args.length === 3) {
      node.keyspace.activeExpiry = textAt(args, 2) !== '0';
      return OK;
    }
    if (sub === 'RELOAD' && args.length === 2) {
      if (node.persistence === null) throw errors.nothingToReload();
      await orMisconf(node.persistence.reload());
      return OK;
    }
    throw errors.unknownSubcommandOrArity(textAt(args, 1), 'debug');
  },
};

function isLocal({ remoteAddress }: ClientSession): boolean {
  return /^(127\.|::1:|::ffff:127\.)/.test(remoteAddress);
}
