import { NULL_ARRAY } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { parseMultiPop, popNamed } from './popping.ts';

export const zmpop: Command = {
  name: 'zmpop',
  arity: -4,
  flags: ['write'],
  ...countedKeys(1),
  group: 'sorted-set',
  summary: 'Takes up to count members from the first sorted set that has any',
  syntax: 'numkeys key [key ...] MIN | MAX [COUNT count]',
  run({ node }, args) {
    const { keys, extreme, count } = parseMultiPop(args, 1);
    for (const key of keys) {
      const popped = popNamed(node.keyspace, key, extreme, count);
      if (popped !== undefined) return popped;
    }
    return NULL_ARRAY;
  },
};
