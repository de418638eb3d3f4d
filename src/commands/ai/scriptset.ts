import { errors } from '../../errors.ts';
import { keyAt, keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { OVERWRITE, ownKey } from './key-specs.ts';
import { storeScript } from './scripts.ts';
import { optionalTag } from './tag.ts';

export const scriptset: Command = {
  name: 'ai.scriptset',
  arity: -5,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(OVERWRITE)],
  group: 'ai',
  summary: 'Stores a TorchScript source; deprecated, AI.SCRIPTSTORE names its entry points too',
  syntax: 'key device [TAG tag] SOURCE source',
  async run(context, args) {
    const { tag, next: at } = optionalTag(args, 3);
    const source = args[at + 1];
    if (keywordAt(args, at) !== 'SOURCE' || source === undefined) throw errors.missingSource();
    return storeScript(context, keyAt(args, 1), {
      device: textAt(args, 2),
      tag,
      entryPoints: [],
      source,
    });
  },
};
