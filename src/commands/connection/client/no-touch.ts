import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const noTouch: Command = {
  name: 'client|no-touch',
  arity: 3,
  flags: ['noscript', 'loading', 'stale'],
  group: 'connection',
  since: '7.2.0',
  summary: 'Without effect: when a key was last used is not kept',
  syntax: 'ON | OFF',
  run(_, args) {
    if (!['ON', 'OFF'].includes(keywordAt(args, 2))) throw errors.syntax();
    return OK;
  },
};
