import { takeOrWait, timeoutAt } from '../blocking.ts';
import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { parseMultiPop, popNamed } from './popping.ts';

export const bzmpop: Command = {
  name: 'bzmpop',
  arity: -5,
  flags: ['write', 'blocking'],
  ...countedKeys(2),
  group: 'sorted-set',
  summary: 'Takes up to count members from the first sorted set that has any, waiting for them if need be',
  syntax: 'timeout-seconds numkeys key [key ...] MIN | MAX [COUNT count]',
  run(context, args) {
    const { keys, extreme, count } = parseMultiPop(args, 2);
    const timeoutMs = timeoutAt(args, 1);
    const take = (key: string) => popNamed(context.node.keyspace, key, extreme, count);
    return takeOrWait(context, { keys, type: 'zset', timeoutMs, take });
  },
};
