import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { countCommon } from './set-operations.ts';

export const zintercard: Command = {
  name: 'zintercard',
  arity: -3,
  flags: ['readonly'],
  ...countedKeys(1),
  group: 'sorted-set',
  summary: 'Counts the members that all sorted sets or sets have, up to the limit',
  syntax: 'numkeys key [key ...] [LIMIT limit]',
  run: countCommon,
};
