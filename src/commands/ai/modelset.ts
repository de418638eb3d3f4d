import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { OVERWRITE, ownKey } from './key-specs.ts';
import { parseModelSet } from './model-arguments.ts';
import { storeModel } from './modelstore.ts';

export const modelset: Command = {
  name: 'ai.modelset',
  arity: -4,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(OVERWRITE)],
  group: 'ai',
  summary: 'Stores a model; deprecated, AI.MODELSTORE does the same with counts',
  syntax:
    'key TF|TFLITE|TORCH|ONNX device [TAG tag] [BATCHSIZE n [MINBATCHSIZE m [MINBATCHTIMEOUT ms]]] [INPUTS name ... OUTPUTS name ...] BLOB chunk [chunk ...]',
  run: (context, args) => storeModel(context, keyAt(args, 1), () => parseModelSet(args)),
};
