import { takeOrWait, timeoutAt } from '../blocking.ts';
import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { parseMultiPop, popNamed } from './popping.ts';

export const blmpop: Command = {
  name: 'blmpop',
  arity: -5,
  flags: ['write', 'blocking'],
  ...countedKeys(2),
  group: 'list',
  summary: 'Takes up to count elements from the first list that has any, waiting for them if need be',
  syntax: 'timeout-seconds numkeys key [key ...] LEFT | RIGHT [COUNT count]',
  run(context, args) {
    const { keys, end, count } = parseMultiPop(args, 2);
    const timeoutMs = timeoutAt(args, 1);
    const take = (key: string) => popNamed(context.node.keyspace, key, end, count);
    return takeOrWait(context, { keys, type: 'list', timeoutMs, take });
  },
};
