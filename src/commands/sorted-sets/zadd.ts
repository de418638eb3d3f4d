import { errors } from '../../errors.ts';
import { Double } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { bytesAt, keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ONE_KEY } from '../key-ranges.ts';
import { type AddOptions, addMembers, scoreAt } from './adding.ts';

const OPTIONS = ['NX', 'XX', 'GT', 'LT', 'CH', 'INCR'];

export const zadd: Command = {
  name: 'zadd',
  arity: -4,
  flags: ['write', 'denyoom', 'fast'],
  keys: ONE_KEY,
  group: 'sorted-set',
  summary: 'Adds members or changes their scores; counts the new ones, with CH the changed ones too',
  syntax: 'key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]',
  run({ node }, args) {
    const { first, countChanged, options } = parseOptions(args);
    const members = [];
    for (let i = first; i < args.length; i += 2) {
      members.push({ score: scoreAt(args, i), member: bytesAt(args, i + 1) });
    }
    const { added, updated, score } = addMembers(node.keyspace, keyAt(args, 1), members, options);
    if (options.incr) return score === undefined ? null : new Double(score);
    return countChanged ? added + updated : added;
  },
};

function parseOptions(args: Arguments): { first: number; countChanged: boolean; options: AddOptions } {
  const given = new Set<string>();
  let first = 2;
  while (OPTIONS.includes(keywordAt(args, first))) given.add(keywordAt(args, first++));
  const nx = given.has('NX');
  const xx = given.has('XX');
  const gt = given.has('GT');
  const lt = given.has('LT');
  const incr = given.has('INCR');
  const count = args.length - first;
  if (count === 0 || count % 2 !== 0) throw errors.syntax();
  if (nx && xx) throw errors.zaddNxXx();
  if ((gt && nx) || (lt && nx) || (gt && lt)) throw errors.zaddGtLtNx();
  if (incr && count > 2) throw errors.zaddIncrPair();
  return { first, countChanged: given.has('CH'), options: { nx, xx, gt, lt, incr } };
}
