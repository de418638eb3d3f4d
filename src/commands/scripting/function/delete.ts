import { errors } from '../../../errors.ts';
import type { Command } from '../../command.ts';

export const functionDelete: Command = {
  name: 'function|delete',
  arity: 3,
  flags: ['write', 'noscript'],
  group: 'scripting',
  summary: 'Deletes a library of functions; there are none, so it answers with an error',
  syntax: 'library',
  run() {
    throw errors.noLibrary();
  },
};
