import type { Command } from '../command.ts';
import { evaluate } from './eval.ts';
import { runScript } from './run-script.ts';

export const evalRo: Command = {
  ...evaluate,
  name: 'eval_ro',
  flags: ['readonly', ...evaluate.flags],
  summary: 'Runs a Lua script that does not write',
  run: (context, args) =>
    runScript(context, args, (source) => context.node.scripts.load(new Uint8Array(source)), true),
};
