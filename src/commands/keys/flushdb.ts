import type { Command } from '../command.ts';
import { flushall } from './flushall.ts';

export const flushdb: Command = { ...flushall, name: 'flushdb' };
