import { bytesFrom, keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { listAt, pushTo } from './access.ts';

export const lpushx: Command = {
  name: 'lpushx',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keys: ONE_KEY,
  group: 'list',
  summary: 'Adds elements on the left of a list that exists and returns its length, else 0',
  syntax: 'key element [element ...]',
  run({ node }, args) {
    const key = keyAt(args, 1);
    if (listAt(node.keyspace, key) === undefined) return 0;
    return pushTo(node.keyspace, key, 'left', bytesFrom(args, 2));
  },
};
