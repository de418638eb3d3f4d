import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { integerAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const swapdb: Command = {
  name: 'swapdb',
  arity: 3,
  flags: ['write', 'fast'],
  group: 'server',
  since: '4.0.0',
  summary: 'Swaps two databases; there is one, number 0',
  syntax: 'index1 index2',
  run({ node }, args) {
    if (node.slots !== null) throw errors.swapdbInCluster();
    const [first, second] = [integerAt(args, 1), integerAt(args, 2)];
    if (first === undefined) throw errors.invalidFirstDb();
    if (second === undefined) throw errors.invalidSecondDb();
    if (first !== 0 || second !== 0) throw errors.dbIndexOutOfRange();
    return OK;
  },
};
