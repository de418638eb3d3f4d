import { expect, test } from 'vitest';
import { oneOutput } from '../../support/tensor-values.ts';
import { attr, fixed, tensor } from '../../support/tensorflow-graphs.ts';

const SIZE = 20_000;
const shape = tensor('INT32', [2], [SIZE / 100, 100]);
const seed = { seed: attr.int(42), seed2: attr.int(7) };
const float = { T: attr.type('int32'), dtype: attr.type('float') };

function moments(values: readonly (number | string)[]): { mean: number; deviation: number } {
  const numbers = values as readonly number[];
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const deviation = Math.sqrt(numbers.reduce((a, b) => a + (b - mean) ** 2, 0) / numbers.length);
  return { mean, deviation };
}

test('the same seed gives the same numbers, another one others', async () => {
  const first = await oneOutput('RandomUniform', [shape], { ...float, ...seed });
  expect(await oneOutput('RandomUniform', [shape], { ...float, ...seed })).toEqual(first);
  expect(await oneOutput('RandomUniform', [shape], { ...float, seed: attr.int(1) })).not.toEqual(first);
  expect(first.shape).toEqual([SIZE / 100, 100]);
});

test.each(['float', 'double', 'half'] as const)('normal numbers within two deviations, %s', async (dtype) => {
  const seen = await oneOutput('TruncatedNormal', [shape], { ...float, ...seed, dtype: attr.type(dtype) });
  expect(Math.max(...(seen.values as number[]).map(Math.abs))).toBeLessThanOrEqual(2);
  // The variance of a normal distribution that is cut at +-2 is 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.7737.
  const { mean, deviation } = moments(seen.values);
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(deviation - Math.sqrt(0.7737))).toBeLessThan(0.02);
  const within = (seen.values as number[]).filter((x) => Math.abs(x) < 1).length / SIZE;
  expect(Math.abs(within - 0.6827 / 0.9545)).toBeLessThan(0.02);
});

test.each(['float', 'double', 'half'] as const)('normal numbers, %s', async (dtype) => {
  const attributes = { ...float, ...seed, dtype: attr.type(dtype) };
  const seen = await oneOutput('RandomStandardNormal', [shape], attributes);
  expect([seen.dtype, seen.shape]).toEqual([dtype === 'double' ? 'DOUBLE' : 'FLOAT', [SIZE / 100, 100]]);
  expect(await oneOutput('RandomStandardNormal', [shape], attributes)).toEqual(seen);
  expect(await oneOutput('RandomStandardNormal', [shape], { ...attributes, seed: attr.int(1) })).not.toEqual(
    seen,
  );
  const { mean, deviation } = moments(seen.values);
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(deviation - 1)).toBeLessThan(0.03);
  // Phi(2) - Phi(-2) = 0.9545, and some are beyond.
  const within = (seen.values as number[]).filter((x) => Math.abs(x) < 2).length / SIZE;
  expect(Math.abs(within - 0.9545)).toBeLessThan(0.01);
});

test.each(['INT32', 'INT64'] as const)(
  'whole numbers from one bound to before the other, %s',
  async (dtype) => {
    const bounds = [-2, 3].map((bound) => tensor(dtype, [], [bound]));
    const types = { T: attr.type('int32'), Tout: attr.type(dtype === 'INT32' ? 'int32' : 'int64') };
    const seen = await oneOutput('RandomUniformInt', [shape, ...bounds], { ...types, ...seed });
    expect(seen.dtype).toBe(dtype);
    const counts = [-2, -1, 0, 1, 2].map((n) => seen.values.filter((x) => x === n).length);
    expect(counts.reduce((a, b) => a + b)).toBe(SIZE);
    for (const count of counts) expect(Math.abs(count / SIZE - 0.2)).toBeLessThan(0.02);
  },
);

test('a shuffle keeps all rows', async () => {
  const rows = Array.from({ length: 50 }, (_, n) => n);
  const x = tensor(
    'INT32',
    [50, 2],
    rows.flatMap((n) => [n, -n]),
  );
  const seen = await oneOutput('RandomShuffle', [x], seed);
  const firsts = seen.values.filter((_, n) => n % 2 === 0) as number[];
  expect(firsts).not.toEqual(rows);
  expect(firsts.toSorted((a, b) => a - b)).toEqual(rows);
  expect(seen.values.filter((_, n) => n % 2 === 1).map((x) => 0 - (x as number))).toEqual(firsts);
});

test('classes are drawn by their logits', async () => {
  const logits = tensor('FLOAT', [2, 3], [Math.log(0.5), Math.log(0.3), Math.log(0.2), 0, 50, 0]);
  const count = fixed(tensor('INT32', [], [SIZE]));
  const seen = await oneOutput('Multinomial', [logits, count], { ...seed, output_dtype: attr.type('int32') });
  expect([seen.dtype, seen.shape]).toEqual(['INT32', [2, SIZE]]);
  const share = (row: number, n: number) =>
    seen.values.slice(row * SIZE, (row + 1) * SIZE).filter((x) => x === n).length / SIZE;
  [0.5, 0.3, 0.2].forEach((expected, n) => {
    expect(Math.abs(share(0, n) - expected)).toBeLessThan(0.02);
  });
  expect(share(1, 1)).toBe(1);
});
