import type { Command } from '../command.ts';
import { evaluate } from './eval.ts';
import { runScript, scriptBySha } from './run-script.ts';

export const evalsha: Command = {
  ...evaluate,
  name: 'evalsha',
  summary: 'Runs a script that was loaded or run before, by the SHA1 of its source',
  syntax: 'sha1 numkeys [key ...] [arg ...]',
  run: (context, args) => runScript(context, args, (sha) => scriptBySha(context, sha), false),
};
