import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';
import { NO_LIBRARIES } from './dump.ts';

export const functionRestore: Command = {
  name: 'function|restore',
  arity: -3,
  flags: ['write', 'denyoom', 'noscript'],
  group: 'scripting',
  summary: 'Takes what FUNCTION DUMP gives, as long as no functions are in it',
  syntax: 'payload [FLUSH | APPEND | REPLACE]',
  run(_, args) {
    if (args.length > 4) throw errors.subcommandSyntax('restore', 'FUNCTION');
    if (args.length === 4 && !['FLUSH', 'APPEND', 'REPLACE'].includes(keywordAt(args, 3))) {
      throw errors.functionRestorePolicy();
    }
    if (!NO_LIBRARIES.equals(args[2] as Buffer)) throw errors.dumpFooter();
    return OK;
  },
};
