import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import type { ScoredMember } from '../../keyspace/values/sorted-set-value.ts';
import { ByteString, type Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { bytesFrom, keyAt, keywordAt, requireAtLeast } from '../arguments.ts';
import { takeOrWait, timeoutAt } from '../blocking.ts';
import type { CommandContext } from '../command.ts';
import { membersReply, pairReply, removeSpan, sortedSetAt } from './access.ts';

/** Which end members are taken from. */
export type Extreme = 'min' | 'max';

/** Takes up to `count` members from an end, in the order taken; undefined where the key is absent. */
function popFrom(
  keyspace: Keyspace,
  key: KeyName,
  extreme: Extreme,
  count: number,
): readonly ScoredMember[] | undefined {
  const zset = sortedSetAt(keyspace, key);
  if (zset === undefined) return undefined;
  const taken = Math.min(count, zset.length);
  if (extreme === 'min') return removeSpan(keyspace, key, zset, { from: 0, to: taken });
  return removeSpan(keyspace, key, zset, { from: zset.length - taken, to: zset.length }).toReversed();
}

/** ZPOPMIN and ZPOPMAX: members with scores, in RESP3 as pairs where a count is given. */
export function popOneOrCount({ node, client }: CommandContext, args: Arguments, extreme: Extreme): Reply {
  if (args.length > 3) throw errors.syntax();
  const hasCount = args.length === 3;
  const count = hasCount ? requireAtLeast(0, args, 2, errors.notPositive()) : 1;
  const popped = popFrom(node.keyspace, keyAt(args, 1), extreme, count) ?? [];
  return membersReply(popped, true, hasCount ? client.writer.protocol : 2);
}

/** BZPOPMIN and BZPOPMAX: the key, its member and the score. */
export function popOrWait(
  context: CommandContext,
  args: Arguments,
  extreme: Extreme,
): Reply | Promise<Reply> {
  return takeOrWait(context, {
    keys: bytesFrom(args.slice(0, -1), 1),
    type: 'zset',
    timeoutMs: timeoutAt(args, args.length - 1),
    take: (key) => {
      const popped = popFrom(context.node.keyspace, key, extreme, 1)?.[0];
      return popped && [new ByteString(key), ...pairReply(popped)];
    },
  });
}

/** What ZMPOP and BZMPOP take, read from `numkeys key [key ...] MIN|MAX [COUNT count]` at `start`. */
export function parseMultiPop(args: Arguments, start: number) {
  const numkeys = requireAtLeast(1, args, start, errors.keyCountPositive());
  const endIndex = start + numkeys + 1;
  const extreme = extremeAt(args, endIndex);
  let count: number | undefined;
  for (let i = endIndex + 1; i < args.length; i += 2) {
    if (keywordAt(args, i) !== 'COUNT' || count !== undefined || i + 1 >= args.length) throw errors.syntax();
    count = requireAtLeast(1, args, i + 1, errors.countPositive());
  }
  return { keys: bytesFrom(args.slice(0, endIndex), start + 1), extreme, count: count ?? 1 };
}

function extremeAt(args: Arguments, index: number): Extreme {
  const word = keywordAt(args, index);
  if (word === 'MIN') return 'min';
  if (word === 'MAX') return 'max';
  throw errors.syntax();
}

/** The answer of ZMPOP and BZMPOP for one key: the key and pairs of member and score. */
export function popNamed(
  keyspace: Keyspace,
  key: KeyName,
  extreme: Extreme,
  count: number,
): Reply | undefined {
  const popped = popFrom(keyspace, key, extreme, count);
  return popped && [new ByteString(key), popped.map(pairReply)];
}
