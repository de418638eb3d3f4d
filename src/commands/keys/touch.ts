import type { Command } from '../command.ts';
import { exists } from './exists.ts';

export const touch: Command = { ...exists, name: 'touch', summary: 'Counts the keys that exist' };
