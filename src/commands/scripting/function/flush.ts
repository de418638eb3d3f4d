import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const functionFlush: Command = {
  name: 'function|flush',
  arity: -2,
  flags: ['write', 'noscript'],
  group: 'scripting',
  summary: 'Deletes the libraries of functions, of which there are none',
  syntax: '[ASYNC | SYNC]',
  run(_, args) {
    if (args.length > 3) throw errors.subcommandSyntax('flush', 'FUNCTION');
    if (args.length === 3 && !['ASYNC', 'SYNC'].includes(keywordAt(args, 2))) {
      throw errors.functionFlushOption();
    }
    return OK;
  },
};
