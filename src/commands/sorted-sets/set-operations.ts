import { errors } from '../../errors.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import type { SetValue } from '../../keyspace/values/set-value.ts';
import { type ScoredMember, SortedSetValue } from '../../keyspace/values/sorted-set-value.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, keywordAt, requireAtLeast, requireLong } from '../arguments.ts';
import type { CommandContext } from '../command.ts';
import { doubleAt } from '../doubles.ts';
import { membersReply, storeSortedSet } from './access.ts';

export type SetOperation = 'union' | 'inter' | 'diff';
type Aggregate = (a: number, b: number) => number;

/** An input: a sorted set, or a set, whose members have the score 1. */
interface Source {
  readonly value: SortedSetValue | SetValue | undefined;
  weight: number;
}

interface Request {
  readonly sources: readonly Source[];
  readonly aggregate: Aggregate;
  readonly withScores: boolean;
  /** For ZINTERCARD: count no further. */
  readonly limit: number;
}

interface RequestForm {
  readonly name: string;
  /** Where the number of keys is. */
  readonly countAt: number;
  /** Whether WEIGHTS and AGGREGATE may be given. */
  readonly combines: boolean;
  readonly extra?: 'WITHSCORES' | 'LIMIT';
}

/** `a` is the score so far. */
const AGGREGATES: Partial<Record<string, Aggregate>> = {
  SUM: (a, b) => orZero(a + b),
  MIN: (a, b) => lower(a, b),
  MAX: (a, b) => -lower(-a, -b),
};

/** ZUNION, ZINTER and ZDIFF. */
export function combine({ node, client }: CommandContext, args: Arguments, operation: SetOperation): Reply {
  const form = {
    name: `z${operation}`,
    countAt: 1,
    combines: operation !== 'diff',
    extra: 'WITHSCORES',
  } as const;
  const request = parseRequest(node.keyspace, args, form);
  const result = new SortedSetValue();
  for (const [member, score] of RESULTS[operation](request)) result.set(member, score);
  return membersReply(result.slice(0, result.length), request.withScores, client.writer.protocol);
}

/** ZUNIONSTORE, ZINTERSTORE and ZDIFFSTORE: the number of members stored. */
export function combineAndStore({ node }: CommandContext, args: Arguments, operation: SetOperation): Reply {
  const form = { name: `z${operation}store`, countAt: 2, combines: operation !== 'diff' };
  const request = parseRequest(node.keyspace, args, form);
  const members = [...RESULTS[operation](request)].map(
    ([member, score]): ScoredMember => ({ member, score }),
  );
  return storeSortedSet(node.keyspace, keyAt(args, 1), members);
}

/** ZINTERCARD. */
export function countCommon({ node }: CommandContext, args: Arguments): Reply {
  const form = { name: 'zintercard', countAt: 1, combines: false, extra: 'LIMIT' } as const;
  const request = parseRequest(node.keyspace, args, form);
  let count = 0;
  for (const _ of intersection(request)) if (++count === request.limit) break;
  return count;
}

/** Reads `numkeys key [key ...]` and what the form allows behind it. @throws ServerError in Redis's order: the keys' types come before the options. */
function parseRequest(keyspace: Keyspace, args: Arguments, form: RequestForm): Request {
  const numkeys = requireLong(args, form.countAt);
  if (numkeys < 1) throw errors.inputKeyNeeded(form.name);
  const first = form.countAt + 1;
  if (numkeys > args.length - first) throw errors.syntax();
  const sources = args.slice(first, first + numkeys).map((_, i) => sourceAt(keyspace, args, first + i));
  let aggregate = AGGREGATES.SUM as Aggregate;
  let withScores = false;
  let limit = 0;
  for (let i = first + numkeys; i < args.length; i++) {
    const option = keywordAt(args, i);
    const left = args.length - i - 1;
    if (option === 'WEIGHTS' && form.combines && left >= numkeys) {
      for (const source of sources) source.weight = weightAt(args, ++i);
    } else if (option === 'AGGREGATE' && form.combines && left >= 1) {
      const found = AGGREGATES[keywordAt(args, ++i)];
      if (found === undefined) throw errors.syntax();
      aggregate = found;
    } else if (option === 'WITHSCORES' && form.extra === option) withScores = true;
    else if (option === 'LIMIT' && form.extra === option && left >= 1) {
      limit = requireAtLeast(0, args, ++i, errors.optionNegative(option));
    } else throw errors.syntax();
  }
  return { sources, aggregate, withScores, limit };
}

function sourceAt(keyspace: Keyspace, args: Arguments, index: number): Source {
  const value = keyspace.get(keyAt(args, index));
  if (value === undefined) return { value, weight: 1 };
  if (value.type === 'zset') return { value: value.zset, weight: 1 };
  if (value.type === 'set') return { value: value.set, weight: 1 };
  throw errors.wrongType();
}

function weightAt(args: Arguments, index: number): number {
  const weight = doubleAt(args, index);
  if (weight === undefined) throw errors.weightNotAFloat();
  return weight;
}

const RESULTS: Record<SetOperation, (request: Request) => Iterable<readonly [string, number]>> = {
  union: ({ sources, aggregate }) => {
    const scores = new Map<string, number>();
    for (const source of bySize(sources)) {
      for (const [member, score] of scored(source)) {
        const present = scores.get(member);
        scores.set(member, present === undefined ? score : aggregate(present, score));
      }
    }
    return scores;
  },
  inter: intersection,
  diff: function* ({ sources: [first, ...others] }) {
    for (const [member, score] of scored(first as Source)) {
      if (!others.some((other) => scoreIn(other, member) !== undefined)) yield [member, score];
    }
  },
};

function* intersection({ sources, aggregate }: Request): Iterable<readonly [string, number]> {
  const [smallest, ...others] = bySize(sources) as [Source, ...Source[]];
  next: for (const [member, first] of scored(smallest)) {
    let score = first;
    for (const other of others) {
      const found = scoreIn(other, member);
      if (found === undefined) continue next;
      score = aggregate(score, found);
    }
    yield [member, score];
  }
}

/** Redis takes the smallest input first; with it go the order of additions and so the last digit of sums. */
function bySize(sources: readonly Source[]): readonly Source[] {
  return sources.toSorted((a, b) => (a.value?.length ?? 0) - (b.value?.length ?? 0));
}

/** The members of an input with their weighted scores. */
function* scored({ value, weight }: Source): Iterable<readonly [string, number]> {
  if (value === undefined) return;
  if (value instanceof SortedSetValue) {
    for (const { member, score } of value.slice(0, value.length)) yield [member, orZero(score * weight)];
  } else for (const member of value.members()) yield [member, orZero(weight)];
}

/** The weighted score; infinity times 0 stays not-a-number, as in Redis. */
function scoreIn({ value, weight }: Source, member: string): number | undefined {
  if (!(value instanceof SortedSetValue)) return value?.has(member) ? weight : undefined;
  const score = value.scoreOf(member);
  return score === undefined ? undefined : score * weight;
}

/** Unlike Math.min, keeps `a` where `b` is not a number, and -0 where it came first. */
function lower(a: number, b: number): number {
  if (b < a) return b;
  return a;
}

/** Infinity minus infinity, and infinity times 0, count as 0. */
function orZero(score: number): number {
  return Number.isNaN(score) ? 0 : score;
}
