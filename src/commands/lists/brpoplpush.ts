import { timeoutAt } from '../blocking.ts';
import type { Command } from '../command.ts';
import { TWO_KEYS } from '../key-ranges.ts';
import { moveOrWait } from './moving.ts';

export const brpoplpush: Command = {
  name: 'brpoplpush',
  arity: 4,
  flags: ['write', 'denyoom', 'noscript', 'blocking'],
  keys: TWO_KEYS,
  group: 'list',
  summary: 'Moves the element on the right of one list to the left of another, waiting for it if need be',
  syntax: 'source destination timeout-seconds',
  run: (context, args) => moveOrWait(context, args, 'right', 'left', timeoutAt(args, 3)),
};
