import { OK } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { TWO_KEYS } from '../key-ranges.ts';
import { moveValue } from './move-value.ts';

export const rename: Command = {
  name: 'rename',
  arity: 3,
  flags: ['write'],
  keys: TWO_KEYS,
  group: 'generic',
  summary: 'Gives a value another key, in place of what was there',
  syntax: 'key newkey',
  run({ node }, args) {
    moveValue({ node }, keyAt(args, 1), keyAt(args, 2));
    return OK;
  },
};
