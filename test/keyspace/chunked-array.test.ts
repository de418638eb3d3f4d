import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkedArray } from '../../src/keyspace/values/chunked-array.ts';

/** One change to both: a position is a fraction of the length, so that every sequence of changes is possible. */
type Change =
  | { readonly kind: 'insert'; readonly at: number; readonly count: number }
  | { readonly kind: 'remove'; readonly at: number; readonly count: number }
  | { readonly kind: 'replace'; readonly at: number }
  | {
      readonly kind: 'removeWhere';
      readonly modulo: number;
      readonly limit: number;
      readonly backwards: boolean;
    };

const at = fc.double({ min: 0, max: 1, noNaN: true });
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('insert' as const), at, count: fc.nat(900) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove' as const), at, count: fc.nat(700) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace' as const), at }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('removeWhere' as const),
      modulo: fc.integer({ min: 1, max: 5 }),
      limit: fc.integer({ min: 1, max: 2000 }),
      backwards: fc.boolean(),
    }),
  },
);

test('holds what a plain array holds after any changes', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 25 }), at, (changes, look) => {
      const chunked = new ChunkedArray<number>();
      const plain: number[] = [];
      let next = 0;
      for (const c of changes) {
        if (c.kind === 'insert') {
          const position = Math.round(c.at * plain.length);
          for (let i = 0; i < c.count; i++, next++) {
            chunked.insert(position, next);
            plain.splice(position, 0, next);
          }
        } else if (c.kind === 'remove') {
          const from = Math.round(c.at * plain.length);
          const to = Math.min(plain.length, from + c.count);
          expect(chunked.remove(from, to)).toEqual(plain.splice(from, to - from));
        } else if (c.kind === 'replace' && plain.length > 0) {
          const position = Math.floor(c.at * (plain.length - 1));
          chunked.replace(position, --next);
          plain[position] = next;
        } else if (c.kind === 'removeWhere') {
          const victims = plain.filter((item) => item % c.modulo === 0);
          const chosen = new Set(c.backwards ? victims.slice(-c.limit) : victims.slice(0, c.limit));
          expect(chunked.removeWhere(c.backwards, c.limit, (item) => item % c.modulo === 0)).toBe(
            chosen.size,
          );
          plain.splice(0, plain.length, ...plain.filter((item) => !chosen.has(item)));
        }
        const position = Math.round(look * plain.length);
        expect(chunked.length).toBe(plain.length);
        expect(chunked.at(position)).toBe(plain[position]);
      }
      expect(chunked.slice(0, plain.length)).toEqual(plain);
      expect(chunked.clone().slice(0, Number.POSITIVE_INFINITY)).toEqual(plain);
      const from = Math.floor((look * plain.length) / 2);
      expect(chunked.slice(from, from + 700)).toEqual(plain.slice(from, from + 700));
      const seen: number[] = [];
      chunked.walk(true, (item, index) => {
        expect(plain[index]).toBe(item);
        return seen.push(item) < 600;
      });
      expect(seen).toEqual(plain.toReversed().slice(0, 600));
    }),
    { numRuns: 150, seed: 7 },
  );
});

test('counts the beginning that a condition holds for', () => {
  const chunked = new ChunkedArray<number>();
  for (let i = 0; i < 5000; i++) chunked.insert(i, i * 2);
  for (const bound of [-1, 0, 1, 1023, 1024, 5001, 9998, 9999, 20_000]) {
    const expected = Math.min(5000, Math.max(0, Math.ceil(bound / 2)));
    expect(chunked.countWhile((item) => item < bound)).toBe(expected);
  }
});
