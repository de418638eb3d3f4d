import { errors } from '../../errors.ts';
import type { PositionSearch } from '../../keyspace/values/list-value.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { bytesAt, keyAt, keywordAt, requireAtLeast, requireLong } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { listAt } from './access.ts';

export const lpos: Command = {
  name: 'lpos',
  arity: -3,
  flags: ['readonly'],
  keys: ONE_KEY,
  group: 'list',
  summary: 'Returns the index of the first element equal to one, or with COUNT those of several (0: of all)',
  syntax: 'key element [RANK rank] [COUNT count] [MAXLEN comparisons]',
  run({ node }, args) {
    const { wantsAll, search } = parseOptions(args);
    const list = listAt(node.keyspace, keyAt(args, 1));
    const found = list?.positionsOf(bytesAt(args, 2), search) ?? [];
    return wantsAll ? found : (found[0] ?? null);
  },
};

function parseOptions(args: Arguments): { wantsAll: boolean; search: PositionSearch } {
  let rank = 1;
  let count: number | undefined;
  let comparisons = 0;
  for (let i = 3; i < args.length; i += 2) {
    const option = keywordAt(args, i);
    if (i + 1 >= args.length) throw errors.syntax();
    if (option === 'RANK') {
      rank = requireLong(args, i + 1);
      if (rank === 0) throw errors.rankZero();
    } else if (option === 'COUNT') count = requireAtLeast(0, args, i + 1, errors.optionNegative(option));
    else if (option === 'MAXLEN') comparisons = requireAtLeast(0, args, i + 1, errors.optionNegative(option));
    else throw errors.syntax();
  }
  return {
    wantsAll: count !== undefined,
    search: {
      fromEnd: rank < 0,
      skip: Math.abs(rank) - 1,
      limit: (count ?? 1) || Number.POSITIVE_INFINITY,
      comparisons: comparisons || Number.POSITIVE_INFINITY,
    },
  };
}
