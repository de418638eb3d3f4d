import { errors } from '../errors.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { keyAt, keywordAt, requireLong } from './arguments.ts';
import { globMatcher } from './keys/glob.ts';

export interface ScanOptions {
  readonly count: number;
  readonly matches: (name: string) => boolean;
}

/**
 * The cursor of SCAN and its like: read like C's strtoul, since clients may send back what they like.
 * @throws ServerError when it is no number.
 */
export function requireCursor(args: Arguments, index: number): number {
  const text = keyAt(args, index);
  const cursor = /^([+-]?\d+)?$/.test(text) ? Math.abs(Number(text)) : Number.NaN;
  if (!(cursor < 2 ** 64)) throw errors.invalidCursor();
  return cursor;
}

/**
 * MATCH and COUNT from the argument at `start` on.
 * @throws ServerError on anything else, and on counts below 1.
 */
export function scanOptions(args: Arguments, start: number): ScanOptions {
  let count = 10;
  let matches: ScanOptions['matches'] = () => true;
  for (let i = start; i < args.length; i += 2) {
    const option = keywordAt(args, i);
    if (i + 1 >= args.length) throw errors.syntax();
    if (option === 'COUNT') {
      count = requireLong(args, i + 1);
      if (count < 1) throw errors.syntax();
    } else if (option === 'MATCH') matches = globMatcher(keyAt(args, i + 1));
    else throw errors.syntax();
  }
  return { count, matches };
}
