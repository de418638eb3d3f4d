import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { incomplete, OVERWRITE, ownKey, READ, restBehind } from './key-specs.ts';
import { parseScriptRun, scriptRunKeys } from './script-arguments.ts';
import { executeScript } from './scriptexecute.ts';

export const scriptrun: Command = {
  name: 'ai.scriptrun',
  arityName: 'AI.SCRIPTRUN',
  arity: -6,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  findKeys: scriptRunKeys,
  // Nothing says where the inputs end.
  keySpecs: incomplete([ownKey(READ), restBehind('OUTPUTS', 3, OVERWRITE)]),
  group: 'ai',
  summary: 'Calls a function of a script; deprecated, AI.SCRIPTEXECUTE takes keys and arguments too',
  syntax: 'key function [TIMEOUT ms] INPUTS input [input ...] [$ input ...] OUTPUTS output [output ...]',
  run: (context, args) => executeScript(context, keyAt(args, 1), () => parseScriptRun(args, false)),
};
