import type { ClientSession } from '../../client-session.ts';
import { errors } from '../../errors.ts';
import type { NodeContext } from '../../node-context.ts';
import { OK } from '../../protocol/reply.ts';
import { keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';

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
      await reload(node);
      return OK;
    }
    throw errors.unknownSubcommandOrArity(textAt(args, 1), 'debug');
  },
};

async function reload({ persistence }: NodeContext): Promise<void> {
  if (persistence === null) throw errors.nothingToReload();
  try {
    await persistence.reload();
  } catch (error) {
    throw errors.misconf((error as Error).message);
  }
}

function isLocal({ remoteAddress }: ClientSession): boolean {
  return /^(127\.|::1:|::ffff:127\.)/.test(remoteAddress);
}
