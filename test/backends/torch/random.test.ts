import { expect, test } from 'vitest';
import { tensor } from '../../support/tensorflow-graphs.ts';
import { forward, runModule } from '../../support/torch-archives.ts';

const SIZE = 40_000;
const zeros = tensor('FLOAT', [SIZE], new Array<number>(SIZE).fill(0));

/** What an expression on `a`, zeros, gives. */
async function drawn(expression: string, inputs = [zeros]): Promise<number[]> {
  const [output] = await forward(`def forward(self, a: Tensor) -> Tensor:\n  return ${expression}`, inputs);
  return (output?.values ?? []) as number[];
}

function moments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  return { mean, deviation };
}

// The bounds are more than six standard deviations of what is measured away.
test.each([
  ['torch.rand([a.size(0)])', 0.5, Math.sqrt(1 / 12)],
  ['torch.rand_like(a)', 0.5, Math.sqrt(1 / 12)],
  ['torch.rand([a.size(0)], dtype=7)', 0.5, Math.sqrt(1 / 12)],
  ['torch.randn([a.size(0)])', 0, 1],
  ['torch.randn_like(a)', 0, 1],
  ['torch.randn_like(a, dtype=5)', 0, 1],
  ['torch.normal(2.0, 3.0, [a.size(0)])', 2, 3],
  ['torch.normal(torch.add(a, 1), 0.5)', 1, 0.5],
  ['torch.normal(0.0, torch.add(a, 2))', 0, 2],
  ['torch.normal_(a, -1.0, 2.0)', -1, 2],
  ['torch.uniform_(a, -2.0, 4.0)', 1, Math.sqrt(3)],
  ['torch.exponential_(a, 2.0)', 0.5, 0.5],
  ['torch.log(torch.log_normal_(a, 1.0, 2.0))', 1, 2],
  ['torch.geometric_(a, 0.25)', 4, Math.sqrt(12)],
  ['torch.bernoulli(torch.add(a, 0.25))', 0.25, Math.sqrt(0.1875)],
  ['torch.bernoulli(a, 0.25)', 0.25, Math.sqrt(0.1875)],
  ['torch.bernoulli_(a, 0.25)', 0.25, Math.sqrt(0.1875)],
  ['torch.randint(2, 6, [a.size(0)])', 3.5, Math.sqrt(1.25)],
  ['torch.randint(4, [a.size(0)])', 1.5, Math.sqrt(1.25)],
  ['torch.randint_like(a, 4)', 1.5, Math.sqrt(1.25)],
  ['torch.randint_like(a, 2, 6)', 3.5, Math.sqrt(1.25)],
  ['torch.random_(a, 2, 6)', 3.5, Math.sqrt(1.25)],
] as const)('%s has the mean %f and the deviation %f', async (expression, mean, deviation) => {
  const values = await drawn(expression);
  expect(values.length).toBe(SIZE);
  const seen = moments(values);
  const error = deviation / Math.sqrt(SIZE);
  expect(Math.abs(seen.mean - mean)).toBeLessThan(7 * error);
  expect(Math.abs(seen.deviation - deviation)).toBeLessThan(14 * error);
});

test('whole numbers are none but those between the bounds', async () => {
  expect(new Set(await drawn('torch.randint(-1, 2, [a.size(0)])'))).toEqual(new Set([-1, 0, 1]));
});

test('every run draws other numbers, and so does every draw of a run', async () => {
  const source =
    'def forward(self, a: Tensor) -> Tensor:\n  return torch.stack([torch.rand([3]), torch.rand([3])])';
  const input = tensor('FLOAT', [1], [0]);
  const runs = await runModule(source, [[input], [input]]);
  const seen = runs.flatMap(([output]) => output?.values ?? []);
  expect(new Set(seen).size).toBe(12);
});

test('a permutation has every number once, in no order', async () => {
  const values = await drawn('torch.randperm(100)');
  expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(values).not.toEqual(values.toSorted((a, b) => a - b));
});

test('samples come as often as their weights say', async () => {
  const weights = tensor('FLOAT', [2, 3], [1, 0, 3, 2, 2, 0]);
  const values = await drawn(`torch.multinomial(a, ${SIZE}, True)`, [weights]);
  const share = (row: number, of: number) =>
    values.slice(row * SIZE, (row + 1) * SIZE).filter((x) => x === of).length / SIZE;
  expect([share(0, 1), share(1, 2)]).toEqual([0, 0]);
  expect(Math.abs(share(0, 2) - 0.75)).toBeLessThan(0.02);
  expect(Math.abs(share(1, 0) - 0.5)).toBeLessThan(0.02);
});

test('samples without replacement come once each', async () => {
  const weights = tensor('FLOAT', [1, 4], [1, 0, 3, 2]);
  const values = await drawn('torch.multinomial(a, 3)', [weights]);
  expect(values.toSorted()).toEqual([0, 2, 3]);
});
