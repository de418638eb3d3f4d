import type { Command } from '../command.ts';
import { restore } from './restore.ts';

export const restoreAsking: Command = {
  ...restore,
  name: 'restore-asking',
  flags: ['write', 'denyoom', 'asking'],
  summary: 'RESTORE into a slot that is being imported, as MIGRATE sends it',
};
