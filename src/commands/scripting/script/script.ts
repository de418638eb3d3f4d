import { errors } from '../../../errors.ts';
import type { Command } from '../../command.ts';
import { helpOf } from '../help.ts';
import { scriptDebug } from './debug.ts';
import { scriptExists } from './exists.ts';
import { scriptFlush } from './flush.ts';
import { scriptKill } from './kill.ts';
import { scriptLoad } from './load.ts';

const HELP = [
  'DEBUG (YES|SYNC|NO)',
  '    Set the debug mode for subsequent scripts executed.',
  'EXISTS <sha1> [<sha1> ...]',
  '    Return information about the existence of the scripts in the script cache.',
  'FLUSH [ASYNC|SYNC]',
  '    Flush the Lua scripts cache. Very dangerous on replicas.',
  '    When called without the optional mode argument, the behavior is determined by the',
  '    lazyfree-lazy-user-flush configuration directive. Valid modes are:',
  '    * ASYNC: Asynchronously flush the scripts cache.',
  '    * SYNC: Synchronously flush the scripts cache.',
  'KILL',
  '    Kill the currently executing Lua script.',
  'LOAD <script>',
  '    Load a script into the scripts cache without executing it.',
];

export const script: Command = {
  name: 'script',
  arity: -2,
  flags: [],
  group: 'scripting',
  summary: 'Keeps scripts',
  syntax: 'LOAD | EXISTS | FLUSH | KILL | DEBUG | HELP',
  subcommands: [scriptDebug, scriptExists, scriptFlush, helpOf('script', HELP), scriptKill, scriptLoad],
  run() {
    throw errors.wrongArity('script');
  },
};
