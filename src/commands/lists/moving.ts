import type { ListEnd } from '../../keyspace/values/list-value.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt } from '../arguments.ts';
import { takeOrWait } from '../blocking.ts';
import type { CommandContext } from '../command.ts';
import { move } from './access.ts';

/** BLMOVE and BRPOPLPUSH: moves an element from the list of the first argument to that of the second. */
export function moveOrWait(
  context: CommandContext,
  args: Arguments,
  sourceEnd: ListEnd,
  targetEnd: ListEnd,
  timeoutMs: number,
): Reply | Promise<Reply> {
  const target = keyAt(args, 2);
  return takeOrWait(context, {
    keys: [keyAt(args, 1)],
    type: 'list',
    timeoutMs,
    take: (key) => move(context.node.keyspace, [key, sourceEnd], [target, targetEnd]),
    inTransaction: null,
  });
}
