import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const scriptFlush: Command = {
  name: 'script|flush',
  arity: -2,
  flags: ['noscript'],
  group: 'scripting',
  summary: 'Forgets all scripts',
  syntax: '[ASYNC | SYNC]',
  run({ node }, args) {
    if (args.length > 3 || (args.length === 3 && !['ASYNC', 'SYNC'].includes(keywordAt(args, 2)))) {
      throw errors.scriptFlushOption();
    }
    node.scripts.flush();
    return OK;
  },
};
