import { expect, test } from 'vitest';
import type { StoredModel } from '../../src/backends/model.ts';
import { ThreadTime } from '../../src/execution/thread-time.ts';

/** Nothing but its identity counts here. */
const model = () => ({}) as StoredModel;

/** Lets the models have their turns, as long as all of them have work. @returns the thread time that each had, in us. */
function share(time: ThreadTime, costs: ReadonlyMap<StoredModel, () => number>, turns: number): number[] {
  const had = new Map([...costs.keys()].map((key) => [key, 0]));
  for (let i = 0; i < turns; i++) {
    const [next] = [...costs.keys()].sort((a, b) => time.turnOf(a) - time.turnOf(b)) as [StoredModel];
    const expected = time.begin(next);
    const actual = (costs.get(next) as () => number)();
    time.end(next, expected, actual);
    had.set(next, (had.get(next) as number) + actual);
  }
  return [...had.values()];
}

test('models that have work all the time get the same thread time, whatever a run costs', () => {
  const costs = new Map([
    [model(), () => 10_000],
    [model(), () => 100],
    [model(), () => 1700],
  ]);
  const had = share(new ThreadTime(), costs, 5000);
  // One of them may be ahead by its last run.
  expect(Math.max(...had) - Math.min(...had)).toBeLessThanOrEqual(10_000);
  expect(Math.min(...had)).toBeGreaterThan(100_000);
});

test('a run that takes longer than was expected is paid for by its model', () => {
  let runs = 0;
  const costs = new Map([
    [model(), () => (++runs % 10 === 0 ? 50_000 : 500)],
    [model(), () => 1000],
  ]);
  const had = share(new ThreadTime(), costs, 5000);
  expect(Math.abs((had[0] as number) - (had[1] as number))).toBeLessThanOrEqual(51_000);
});

test('a model that was idle does not catch up on what it did not use', () => {
  const time = new ThreadTime();
  const [busy, late] = [model(), model()];
  share(time, new Map([[busy, () => 1000]]), 100);
  const had = share(
    time,
    new Map([
      [busy, () => 1000],
      [late, () => 1000],
    ]),
    100,
  );
  expect(Math.abs((had[0] as number) - (had[1] as number))).toBeLessThanOrEqual(1000);
});

test('what a model took while nobody else wanted it is not held against it', () => {
  const time = new ThreadTime();
  const [first, second] = [model(), model()];
  share(time, new Map([[first, () => 1000]]), 100);
  time.rest();
  expect(time.turnOf(first)).toBe(time.turnOf(second));
});
