import type { Command } from '../command.ts';
import { runScript, scriptKeys } from './run-script.ts';

export const evaluate: Command = {
  name: 'eval',
  arity: -3,
  flags: ['noscript', 'stale', 'skip_monitor', 'no_mandatory_keys'],
  findKeys: scriptKeys,
  keySpecs: [{ begin: { index: 2 }, find: 'counted' }],
  group: 'scripting',
  summary:
    'Runs a Lua script; unlike in Redis, one that runs longer than lua-time-limit is ended with an error, and what it wrote stays',
  syntax: 'script numkeys [key ...] [arg ...]',
  run: (context, args) =>
    runScript(context, args, (source) => context.node.scripts.load(new Uint8Array(source)), false),
};
