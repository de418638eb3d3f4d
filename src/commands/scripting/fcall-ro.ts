import type { Command } from '../command.ts';
import { fcall } from './fcall.ts';

export const fcallRo: Command = { ...fcall, name: 'fcall_ro', flags: ['readonly', ...fcall.flags] };
