import type { Command } from '../command.ts';

export const setCommands: readonly Command[] = [];
