import { errors } from '../../errors.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { bytesOf, latin1 } from '../../protocol/latin1.ts';
import { parseLongDouble, toNumber } from '../long-double.ts';
import type { SortOptions } from './sort-options.ts';
import { sortableElements } from './sortable.ts';

/**
 * The answer of SORT: the elements under the key in the order that the options ask for, or for each of them what the GET patterns lead to.
 * @throws ServerError WRONGTYPE, and when a weight is no number.
 */
export function sortedElements(keyspace: Keyspace, key: string, options: SortOptions): (Uint8Array | null)[] {
  const value = keyspace.get(key);
  const elements = sortableElements(value);
  const asIs = options.by !== undefined && !options.by.includes('*');
  let ordered: readonly string[];
  // What is stored from a set must not depend on the order in which it happens to be kept.
  if (asIs && value?.type === 'set' && options.store !== undefined) {
    ordered = inOrder(keyspace, elements, { ...options, by: undefined, alphabetic: true });
  } else if (asIs) ordered = value?.type !== 'set' && options.descending ? elements.toReversed() : elements;
  else ordered = inOrder(keyspace, elements, options);
  const start = Math.max(0, options.start);
  const end = options.count < 0 ? ordered.length : start + options.count;
  const chosen = ordered.slice(start, end);
  if (options.get.length === 0) return chosen.map(bytesOf);
  return chosen.flatMap((element) => options.get.map((pattern) => lookUp(keyspace, pattern, element)));
}

interface Weighted {
  readonly element: string;
  /** Null where the key to sort by is missing: before all others. */
  readonly text: string | null;
  readonly score: number;
}

function inOrder(keyspace: Keyspace, elements: readonly string[], options: SortOptions): string[] {
  const { by, alphabetic, descending } = options;
  const weighted = elements.map((element): Weighted => {
    const weight = by === undefined ? element : textOf(lookUp(keyspace, by, element));
    return { element, text: weight, score: alphabetic || weight === null ? 0 : scoreOf(weight) };
  });
  const ascending = alphabetic
    ? (a: Weighted, b: Weighted) => compareTexts(a.text, b.text)
    : (a: Weighted, b: Weighted) => compare(a.score, b.score) || compare(a.element, b.element);
  weighted.sort(descending ? (a, b) => -ascending(a, b) : ascending);
  return weighted.map(({ element }) => element);
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareTexts(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return compare(a, b);
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : latin1(bytes);
}

/** What a pattern such as `weight_*` or `object_*->field` leads to when the element takes the place of its first star; `#` is the element. */
function lookUp(keyspace: Keyspace, pattern: string, element: string): Uint8Array | null {
  if (pattern === '#') return bytesOf(element);
  const star = pattern.indexOf('*');
  if (star < 0) return null;
  const arrow = pattern.indexOf('->', star + 1);
  const hasField = arrow >= 0 && arrow + 2 < pattern.length;
  const key = pattern.slice(0, star) + element + pattern.slice(star + 1, hasField ? arrow : undefined);
  const value = keyspace.get(key);
  if (hasField) return value?.type === 'hash' ? (value.hash.get(pattern.slice(arrow + 2)) ?? null) : null;
  return value?.type === 'string' ? value.bytes : null;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Reads what C's strtod does: spaces in front are skipped, a zero byte ends. @throws ServerError when it is none, or out of a double's range. */
function scoreOf(text: string): number {
  const [line = ''] = text.split('\0', 1);
  const number = line.replace(/^[ \t\n\v\f\r]+/, '');
  if (number === '') {
    if (line !== '') throw errors.scoreNotDouble();
    return 0;
  }
  if (!DECIMAL.test(number)) return otherScore(number);
  const score = Number(number);
  const underflow = score === 0 && /^[^e]*[1-9]/i.test(number);
  if (underflow || !Number.isFinite(score)) throw errors.scoreNotDouble();
  return score;
}

/** Infinities and hexadecimal numbers. */
function otherScore(text: string): number {
  const value = parseLongDouble(text);
  if (value === undefined) throw errors.scoreNotDouble();
  return toNumber(value);
}
