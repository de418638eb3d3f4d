import type { Command } from '../command.ts';
import { dump } from './dump.ts';
import { migrate } from './migrate.ts';
import { restore } from './restore.ts';
import { restoreAsking } from './restore-asking.ts';

export const transferCommands: readonly Command[] = [dump, restore, restoreAsking, migrate];
