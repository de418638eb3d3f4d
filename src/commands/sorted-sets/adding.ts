import { errors } from '../../errors.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import { type ScoredMember, SortedSetValue } from '../../keyspace/values/sorted-set-value.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { doubleAt } from '../doubles.ts';
import { sortedSetAt } from './access.ts';

export interface AddOptions {
  /** Only new members. */
  readonly nx?: boolean;
  /** Only members that are there. */
  readonly xx?: boolean;
  /** Scores of members that are there only rise. */
  readonly gt?: boolean;
  /** ..only fall. */
  readonly lt?: boolean;
  /** Scores are added to those that are there. */
  readonly incr?: boolean;
}

export interface AddResult {
  readonly added: number;
  /** Members that got another score. */
  readonly updated: number;
  /** The last member's score; undefined where the options kept it from being set. */
  readonly score: number | undefined;
}

/**
 * Adds members to the sorted set under the key, or changes their scores.
 * @throws ServerError where the key holds something else, or an increment makes infinity minus infinity.
 */
export function addMembers(
  keyspace: Keyspace,
  key: KeyName,
  members: readonly ScoredMember[],
  options: AddOptions,
): AddResult {
  const present = sortedSetAt(keyspace, key);
  const zset = present ?? new SortedSetValue();
  let added = 0;
  let updated = 0;
  let last: number | undefined;
  for (const { member, score } of members) {
    const old = zset.scoreOf(member);
    last = newScore(old, score, options);
    if (last === undefined) continue;
    if (old === undefined) added++;
    else if (old !== last) updated++;
    // -0 becomes 0, as in Redis's small sorted sets; the reply to an increment still shows it.
    zset.set(member, last + 0);
  }
  if (present === undefined && added > 0) keyspace.set(key, { type: 'zset', zset });
  else if (added + updated > 0) keyspace.changed(key);
  return { added, updated, score: last };
}

/** The score that a member gets, or undefined where it stays as it is. */
function newScore(old: number | undefined, given: number, options: AddOptions): number | undefined {
  if (old === undefined) return options.xx ? undefined : given;
  if (options.nx) return undefined;
  const score = options.incr ? old + given : given;
  if (Number.isNaN(score)) throw errors.scoreNotANumber();
  if ((options.lt && score >= old) || (options.gt && score <= old)) return undefined;
  return score;
}

/** @throws ServerError where it is no number. */
export function scoreAt(args: Arguments, index: number): number {
  const score = doubleAt(args, index);
  if (score === undefined) throw errors.notAFloat();
  return score;
}
