import { errors } from '../../../errors.ts';
import { OK } from '../../../protocol/reply.ts';
import { keywordAt } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const scriptDebug: Command = {
  name: 'script|debug',
  arity: 3,
  flags: ['noscript'],
  group: 'scripting',
  summary: 'Turns the Lua debugger on, which there is none of, or off',
  syntax: 'YES | SYNC | NO',
  run(_, args) {
    const mode = keywordAt(args, 2);
    if (mode === 'NO') return OK;
    throw mode === 'YES' || mode === 'SYNC' ? errors.scriptDebugMissing() : errors.scriptDebugMode();
  },
};
