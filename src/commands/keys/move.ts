import { errors } from '../../errors.ts';
import { requireInteger } from '../arguments.ts';
import type { Command } from '../command.ts';

export const move: Command = {
  name: 'move',
  arity: 3,
  flags: ['write', 'fast'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'generic',
  summary: 'Refused: there is one database, number 0',
  syntax: 'key index',
  run({ node }, args) {
    if (node.slots !== null) throw errors.moveInCluster();
    if (requireInteger(args, 2) !== 0) throw errors.dbIndexOutOfRange();
    throw errors.sameObject();
  },
};
