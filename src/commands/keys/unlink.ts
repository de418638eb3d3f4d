import type { Command } from '../command.ts';
import { del } from './del.ts';

export const unlink: Command = {
  ...del,
  name: 'unlink',
  flags: ['write', 'fast'],
  summary: 'Deletes keys; memory comes back later',
};
