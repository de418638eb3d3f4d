import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { modelRunKeys, parseModelRun } from './execute-arguments.ts';
import { incomplete, OVERWRITE, ownKey, READ, restBehind } from './key-specs.ts';
import { executeModel } from './modelexecute.ts';

export const modelrun: Command = {
  name: 'ai.modelrun',
  arityName: 'AI.MODELRUN',
  arity: -6,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  findKeys: modelRunKeys,
  // Nothing says where the inputs end.
  keySpecs: incomplete([ownKey(READ), restBehind('OUTPUTS', 3, OVERWRITE)]),
  group: 'ai',
  summary: 'Runs a model; deprecated, AI.MODELEXECUTE does the same with counts',
  syntax: 'key [TIMEOUT ms] INPUTS input [input ...] OUTPUTS output [output ...]',
  run: (context, args) => executeModel(context, keyAt(args, 1), () => parseModelRun(args, false)),
};
