import type { Command } from '../command.ts';

export const aclCommands: readonly Command[] = [];
