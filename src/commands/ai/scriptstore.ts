import { errors } from '../../errors.ts';
import { integerAt, keyAt, keywordAt, textAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { OVERWRITE, ownKey } from './key-specs.ts';
import { storeScript } from './scripts.ts';
import { optionalTag } from './tag.ts';

export const scriptstore: Command = {
  name: 'ai.scriptstore',
  arity: -6,
  flags: ['write', 'denyoom', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(OVERWRITE)],
  group: 'ai',
  summary: 'Stores a TorchScript source and compiles it on its device',
  syntax: 'key device [TAG tag] ENTRY_POINTS n function [function ...] SOURCE source',
  async run(context, args) {
    const device = textAt(args, 2);
    const { tag, next } = optionalTag(args, 3);
    let at = next;
    if (keywordAt(args, at) !== 'ENTRY_POINTS') throw errors.missingEntryPoints();
    const count = integerAt(args, at + 1);
    if (count === undefined) throw errors.entryPointsNotNumeric();
    at += 2;
    if (count <= 0 || at + count >= args.length) throw errors.missingEntryPoints();
    const entryPoints = Array.from({ length: count }, (_, i) => textAt(args, at + i));
    at += count;
    const source = args[at + 1];
    if (keywordAt(args, at) !== 'SOURCE' || source === undefined) throw errors.missingSource();
    return storeScript(context, keyAt(args, 1), { device, tag, entryPoints, source });
  },
};
