import { errors } from '../../../errors.ts';
import type { Command } from '../../command.ts';

export const functionLoad: Command = {
  name: 'function|load',
  arity: -3,
  flags: ['write', 'denyoom', 'noscript'],
  group: 'scripting',
  summary: 'Functions are not available: answers with an error',
  syntax: '[REPLACE] code',
  run() {
    throw errors.functionsMissing();
  },
};
