import type { Command } from '../command.ts';
import { evalsha } from './evalsha.ts';
import { runScript, scriptBySha } from './run-script.ts';

export const evalshaRo: Command = {
  ...evalsha,
  name: 'evalsha_ro',
  flags: ['readonly', ...evalsha.flags],
  summary: 'Runs a script that does not write, by the SHA1 of its source',
  run: (context, args) => runScript(context, args, (sha) => scriptBySha(context, sha), true),
};
