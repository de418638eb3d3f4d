import { errors } from '../../errors.ts';
import type { Bound, LexBound, SortedSetValue, Span } from '../../keyspace/values/sorted-set-value.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { bytesAt, requireLong } from '../arguments.ts';
import { parseDouble } from '../doubles.ts';
import { indexSpan } from '../index-span.ts';

/** Finds the members of a range in a sorted set. */
export type Range = (zset: SortedSetValue) => Span;

/** @throws ServerError where the arguments at `min` and `max` are no indexes. */
export function rankRange(args: Arguments, min: number, max: number): Range {
  const start = requireLong(args, min);
  const stop = requireLong(args, max);
  return (zset) => indexSpan(start, stop, zset.length);
}

/** @throws ServerError where the arguments at `min` and `max` are no bounds of scores: `1.5`, `(1.5`, `-inf`. */
export function scoreRange(args: Arguments, min: number, max: number): Range {
  const low = scoreBound(bytesAt(args, min));
  const high = scoreBound(bytesAt(args, max));
  return (zset) => zset.spanOfScores(low, high);
}

/** @throws ServerError where the arguments at `min` and `max` are no bounds of members: `[a`, `(a`, `-`, `+`. */
export function lexRange(args: Arguments, min: number, max: number): Range {
  const low = lexBound(bytesAt(args, min));
  const high = lexBound(bytesAt(args, max));
  return (zset) => zset.spanOfMembers(low, high);
}

/** Like strtod, which Redis uses here: spaces may come first, and no text at all is 0. */
function scoreBound(text: string): Bound<number> {
  const exclusive = text.startsWith('(');
  const number = text.slice(exclusive ? 1 : 0);
  const value = number === '' ? 0 : parseDouble(number.replace(/^[ \t\n\v\f\r]+/, ''));
  if (value === undefined) throw errors.minMaxNotAFloat();
  return { value, exclusive };
}

function lexBound(text: string): LexBound {
  if (text === '-') return -1;
  if (text === '+') return 1;
  if (text[0] !== '(' && text[0] !== '[') throw errors.minMaxNotAString();
  return { value: text.slice(1), exclusive: text[0] === '(' };
}
