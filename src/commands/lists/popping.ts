import { errors } from '../../errors.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { ListEnd } from '../../keyspace/values/list-value.ts';
import { ByteString, NULL_ARRAY, type Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { bytesFrom, keyAt, keywordAt, requireAtLeast } from '../arguments.ts';
import { takeOrWait, timeoutAt } from '../blocking.ts';
import type { CommandContext } from '../command.ts';
import { endAt, popFrom } from './access.ts';

/** LPOP and RPOP: one element, or an array where a count is given. */
export function popOneOrCount(keyspace: Keyspace, args: Arguments, end: ListEnd, name: string): Reply {
  if (args.length > 3) throw errors.wrongArity(name);
  const key = keyAt(args, 1);
  if (args.length === 2) return popFrom(keyspace, key, end, 1)?.[0] ?? null;
  const count = requireAtLeast(0, args, 2, errors.notPositive());
  return popFrom(keyspace, key, end, count) ?? NULL_ARRAY;
}

/** BLPOP and BRPOP: the key and its element. */
export function popOrWait(context: CommandContext, args: Arguments, end: ListEnd): Reply | Promise<Reply> {
  const { keyspace } = context.node;
  return takeOrWait(context, {
    keys: bytesFrom(args.slice(0, -1), 1),
    type: 'list',
    timeoutMs: timeoutAt(args, args.length - 1),
    take: (key) => {
      const popped = popFrom(keyspace, key, end, 1);
      return popped && [new ByteString(key), ...popped];
    },
  });
}

/** What LMPOP and BLMPOP take, read from `numkeys key [key ...] LEFT|RIGHT [COUNT count]` at `start`. */
export function parseMultiPop(args: Arguments, start: number) {
  const numkeys = requireAtLeast(1, args, start, errors.keyCountPositive());
  const endIndex = start + numkeys + 1;
  const end = endAt(args, endIndex);
  let count: number | undefined;
  for (let i = endIndex + 1; i < args.length; i += 2) {
    if (keywordAt(args, i) !== 'COUNT' || count !== undefined || i + 1 >= args.length) throw errors.syntax();
    count = requireAtLeast(1, args, i + 1, errors.countPositive());
  }
  return { keys: bytesFrom(args.slice(0, endIndex), start + 1), end, count: count ?? 1 };
}

/** The answer of LMPOP and BLMPOP for one key: the key and its elements. */
export function popNamed(keyspace: Keyspace, key: string, end: ListEnd, count: number): Reply | undefined {
  const popped = popFrom(keyspace, key, end, count);
  return popped && [new ByteString(key), popped];
}
