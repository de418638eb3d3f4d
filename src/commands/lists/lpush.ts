import { bytesFrom, keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { pushTo } from './access.ts';

export const lpush: Command = {
  name: 'lpush',
  arity: -3,
  flags: ['write', 'denyoom', 'fast'],
  keys: ONE_KEY,
  group: 'list',
  summary: 'Adds elements on the left of a list and returns its length',
  syntax: 'key element [element ...]',
  run: ({ node }, args) => pushTo(node.keyspace, keyAt(args, 1), 'left', bytesFrom(args, 2)),
};
