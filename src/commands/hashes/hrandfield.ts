import { errors } from '../../errors.ts';
import { ByteString, type Reply } from '../../protocol/reply.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { requireSignedCount } from '../integers.ts';
import { randomPosition, randomPositions } from '../random-positions.ts';
import { readHash } from './stored-hash.ts';

/** Largest count with values: the reply has twice as many elements. */
const MOST_WITH_VALUES = 2 ** 62;

export const hrandfield: Command = {
  name: 'hrandfield',
  arity: -2,
  flags: ['readonly'],
  keys: { first: 1, last: 1, step: 1 },
  group: 'hash',
  since: '6.2.0',
  summary: 'Returns random fields of a hash: different ones, or with a negative count as many as it says',
  syntax: 'key [count [WITHVALUES]]',
  run({ node, client }, args) {
    const key = keyAt(args, 1);
    if (args.length === 2) {
      const hash = readHash(node.keyspace, key);
      return hash === undefined ? null : new ByteString(hash.fields[randomPosition(hash.length)] as string);
    }
    const count = requireSignedCount(args, 2);
    const withValues = args.length > 3;
    if (args.length > 4 || (withValues && keywordAt(args, 3) !== 'WITHVALUES')) throw errors.syntax();
    if (withValues && Math.abs(count) >= MOST_WITH_VALUES) throw errors.outOfRange();
    const hash = readHash(node.keyspace, key);
    if (hash === undefined) return [];
    const chosen = randomPositions(count, hash.length);
    const field = (position: number) => new ByteString(hash.fields[position] as string);
    if (!withValues) return chosen.map(field);
    const pairs = chosen.map((position): Reply[] => [field(position), hash.valueAt(position)]);
    return client.writer.protocol === 3 ? pairs : pairs.flat();
  },
};
