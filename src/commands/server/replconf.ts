import type { ClientSession } from '../../client-session.ts';
import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { type Arguments, splitInline } from '../../protocol/request-reader.ts';
import { keywordAt, requireLong, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const replconf: Command = {
  name: 'replconf',
  arity: -1,
  flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'],
  group: 'server',
  since: '3.0.0',
  summary: 'Takes what clients say of themselves before SYNC; only RDB-FILTER-ONLY changes something',
  syntax: '[LISTENING-PORT port | IP-ADDRESS address | CAPA name | RDB-ONLY 0|1 | RDB-FILTER-ONLY parts ...]',
  run({ client }, args) {
    if (args.length % 2 === 0) throw errors.syntax();
    for (let i = 1; i < args.length; i += 2) {
      switch (keywordAt(args, i)) {
        case 'CAPA':
        case 'IP-ADDRESS':
          break;
        case 'LISTENING-PORT':
          requireLong(args, i + 1);
          break;
        case 'RDB-ONLY': {
          // What comes after the file is nothing in any case.
          const only = requireLong(args, i + 1);
          if (only !== 0 && only !== 1) throw errors.outsideRange(0n, 1n);
          break;
        }
        case 'RDB-FILTER-ONLY':
          filter(client, args, i + 1);
          break;
        case 'ACK':
        case 'GETACK':
          // Of replicas only, which expect no reply.
          return undefined;
        default:
          throw errors.unknownReplconf(textAt(args, i));
      }
    }
    return OK;
  },
};

/** Redis knows one part by name, functions, of which there are none here. */
function filter(client: ClientSession, args: Arguments, index: number): void {
  const parts = splitInline((args[index] as Buffer).toString('latin1'));
  if (parts === null) throw errors.rdbFilterMissing();
  client.wantsNoKeys = true;
  const unknown = parts.find((part) => part.toLowerCase() !== 'functions');
  if (unknown !== undefined) throw errors.rdbFilterUnknown(unknown);
}
