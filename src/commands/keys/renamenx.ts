import { errors } from '../../errors.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { moveValue } from './move-value.ts';
import { rename } from './rename.ts';

export const renamenx: Command = {
  ...rename,
  name: 'renamenx',
  flags: ['write', 'fast'],
  summary: 'Gives a value another key, unless that one exists',
  run({ node }, args) {
    const to = keyAt(args, 2);
    if (node.keyspace.get(keyAt(args, 1)) === undefined) throw errors.noSuchKey();
    if (node.keyspace.get(to) !== undefined) return 0;
    moveValue({ node }, keyAt(args, 1), to);
    return 1;
  },
};
