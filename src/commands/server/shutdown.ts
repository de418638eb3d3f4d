import { errors } from '../../errors.ts';
import { keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const shutdown: Command = {
  name: 'shutdown',
  arity: -1,
  flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
  group: 'server',
  summary: 'Ends the node in order, with a checkpoint; it has no replicas to wait for',
  syntax: '[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]',
  async run({ node }, args) {
    const options = new Set(args.slice(1).map((_, i) => keywordAt(args, i + 1)));
    const known = [...options].every((o) => ['NOSAVE', 'SAVE', 'NOW', 'FORCE', 'ABORT'].includes(o));
    if (!known || (options.has('SAVE') && options.has('NOSAVE'))) throw errors.syntax();
    if (options.has('ABORT')) {
      if (options.size > 1) throw errors.syntax();
      throw errors.noShutdown();
    }
    const { persistence } = node;
    if (persistence !== null) {
      persistence.savesAtEnd = !options.has('NOSAVE');
      if (persistence.savesAtEnd && node.keyspace.loading === null) {
        await persistence.checkpoint().catch((error: Error) => {
          node.log.error({ err: error }, 'the checkpoint before the end failed');
          if (!options.has('FORCE')) throw errors.shutdownFailed();
        });
      }
    }
    setImmediate(() => node.shutdown());
    return undefined;
  },
};
