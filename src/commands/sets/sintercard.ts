import { errors } from '../../errors.ts';
import { keywordAt, requireAtLeast } from '../arguments.ts';
import type { Command } from '../command.ts';
import { countedKeys } from '../counted-keys.ts';
import { commonMembers } from './set-algebra.ts';
import { readSets } from './stored-set.ts';

export const sintercard: Command = {
  name: 'sintercard',
  arity: -3,
  flags: ['readonly'],
  ...countedKeys(1),
  group: 'set',
  since: '7.0.0',
  summary: 'Counts the members that all of the sets have, up to a limit',
  syntax: 'numkeys key [key ...] [LIMIT limit]',
  run({ node }, args) {
    const count = requireAtLeast(1, args, 1, errors.keyCountPositive());
    if (count > args.length - 2) throw errors.tooManyKeys();
    let limit = 0;
    for (let i = 2 + count; i < args.length; i += 2) {
      if (keywordAt(args, i) !== 'LIMIT' || i + 1 >= args.length) throw errors.syntax();
      limit = requireAtLeast(0, args, i + 1, errors.optionNegative('LIMIT'));
    }
    let found = 0;
    for (const _ of commonMembers(readSets(node.keyspace, args, 2, 2 + count))) {
      if (++found === limit) break;
    }
    return found;
  },
};
