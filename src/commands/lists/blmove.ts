import { timeoutAt } from '../blocking.ts';
import type { Command } from '../command.ts';
import { TWO_KEYS } from '../key-ranges.ts';
import { endAt } from './access.ts';
import { moveOrWait } from './moving.ts';

export const blmove: Command = {
  name: 'blmove',
  arity: 6,
  flags: ['write', 'denyoom', 'noscript', 'blocking'],
  keys: TWO_KEYS,
  group: 'list',
  summary: 'Moves an element from an end of one list to an end of another, waiting for it if need be',
  syntax: 'source destination LEFT | RIGHT LEFT | RIGHT timeout-seconds',
  run(context, args) {
    const sourceEnd = endAt(args, 3);
    const targetEnd = endAt(args, 4);
    return moveOrWait(context, args, sourceEnd, targetEnd, timeoutAt(args, 5));
  },
};
