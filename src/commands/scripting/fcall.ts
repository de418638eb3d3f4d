import { errors } from '../../errors.ts';
import type { Command } from '../command.ts';
import { evaluate } from './eval.ts';

export const fcall: Command = {
  ...evaluate,
  name: 'fcall',
  summary: 'Calls a function of a library; there are none, so it answers with an error',
  syntax: 'function numkeys [key ...] [arg ...]',
  run() {
    throw errors.noFunction();
  },
};
