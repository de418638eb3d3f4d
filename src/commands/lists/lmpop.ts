import { NULL_ARRAY } from '../../protocol/reply.ts';
import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { parseMultiPop, popNamed } from './popping.ts';

export const lmpop: Command = {
  name: 'lmpop',
  arity: -4,
  flags: ['write'],
  ...countedKeys(1),
  group: 'list',
  summary: 'Takes up to count elements from the first list that has any',
  syntax: 'numkeys key [key ...] LEFT | RIGHT [COUNT count]',
  run({ node }, args) {
    const { keys, end, count } = parseMultiPop(args, 1);
    for (const key of keys) {
      const popped = popNamed(node.keyspace, key, end, count);
      if (popped !== undefined) return popped;
    }
    return NULL_ARRAY;
  },
};
