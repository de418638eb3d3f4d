import { errors } from '../../../errors.ts';
import type { Command } from '../../command.ts';

export const scriptKill: Command = {
  name: 'script|kill',
  arity: 2,
  flags: ['noscript', 'allow_busy'],
  group: 'scripting',
  summary: 'Ends the script that runs; nothing is read while one does, so there never is one',
  syntax: '',
  run() {
    throw errors.noScriptRunning();
  },
};
