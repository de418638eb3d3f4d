import { errors } from '../../errors.ts';
import type { KeyName } from '../../keyspace/keyspace.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { keyAt, keywordAt, requireLong } from '../arguments.ts';

export interface SortOptions {
  readonly descending: boolean;
  readonly alphabetic: boolean;
  readonly start: number;
  /** Negative: all. */
  readonly count: number;
  /** Pattern of the keys to sort by; one without `*` leaves the order as it is. */
  readonly by: string | undefined;
  readonly get: readonly string[];
  readonly store: KeyName | undefined;
}

/**
 * @param readOnly refuses STORE.
 * @param clustered refuses patterns: the keys that they name may be on other nodes.
 * @throws ServerError for the first option that does not fit.
 */
export function parseSortOptions(args: Arguments, readOnly: boolean, clustered: boolean): SortOptions {
  let descending = false;
  let alphabetic = false;
  let start = 0;
  let count = -1;
  let by: string | undefined;
  const get: string[] = [];
  let store: KeyName | undefined;
  for (let i = 2; i < args.length; i++) {
    const option = keywordAt(args, i);
    const values = args.length - i - 1;
    if (option === 'ASC') descending = false;
    else if (option === 'DESC') descending = true;
    else if (option === 'ALPHA') alphabetic = true;
    else if (option === 'LIMIT' && values >= 2) {
      start = requireLong(args, ++i);
      count = requireLong(args, ++i);
    } else if (option === 'STORE' && !readOnly && values >= 1) store = keyAt(args, ++i);
    else if (option === 'BY' && values >= 1) {
      by = keyAt(args, ++i);
      if (clustered && by.includes('*')) throw errors.sortOptionInCluster('BY');
    } else if (option === 'GET' && values >= 1) {
      if (clustered) throw errors.sortOptionInCluster('GET');
      get.push(keyAt(args, ++i));
    } else throw errors.syntax();
  }
  return { descending, alphabetic, start, count, by, get, store };
}

/** The key to sort and the last STORE's, for routing. */
export function sortKeyPositions(args: Arguments): number[] {
  const values: Partial<Record<string, number>> = { LIMIT: 2, GET: 1, BY: 1, STORE: 1 };
  let store: number | undefined;
  for (let i = 2; i < args.length; i++) {
    const option = keywordAt(args, i);
    if (option === 'STORE' && i + 1 < args.length) store = i + 1;
    i += values[option] ?? 0;
  }
  return store === undefined ? [1] : [1, store];
}
