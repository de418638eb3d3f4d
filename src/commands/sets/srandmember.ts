import { errors } from '../../errors.ts';
import { ByteString } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { requireSignedCount } from '../integers.ts';
import { randomPosition, randomPositions } from '../random-positions.ts';
import { readSet } from './stored-set.ts';

export const srandmember: Command = {
  name: 'srandmember',
  arity: -2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'set',
  summary: 'Returns random members of a set: different ones, or with a negative count as many as it says',
  syntax: 'key [count]',
  run({ node }, args) {
    const key = keyAt(args, 1);
    if (args.length > 3) throw errors.syntax();
    if (args.length === 2) {
      const set = readSet(node.keyspace, key);
      return set === undefined ? null : new ByteString(set.at(randomPosition(set.length)) as string);
    }
    const count = requireSignedCount(args, 2);
    const set = readSet(node.keyspace, key);
    if (set === undefined) return [];
    return randomPositions(count, set.length).map((position) => new ByteString(set.at(position) as string));
  },
};
