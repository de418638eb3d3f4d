import { OK, type Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, valueAt } from '../arguments.ts';
import type { CommandContext } from '../command.ts';
import { expiryTimeAt } from '../expiry-time.ts';

/** SETEX and PSETEX: key, time to live in that unit, value. */
export function setExpiring({ node }: CommandContext, args: Arguments, unitMs: number, name: string): Reply {
  const key = keyAt(args, 1);
  const at = expiryTimeAt(args, 2, { ms: unitMs, absolute: false }, name, true);
  node.keyspace.set(key, { type: 'string', bytes: valueAt(args, 3) });
  node.keyspace.setExpiry(key, at);
  return OK;
}
