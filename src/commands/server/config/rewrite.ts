import { errors } from '../../../errors.ts';
import type { Command } from '../../command.ts';

export const rewrite: Command = {
  name: 'config|rewrite',
  arity: 2,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '2.8.0',
  summary: 'Refused: a node writes no configuration file',
  syntax: '',
  run() {
    throw errors.noConfigFile();
  },
};
