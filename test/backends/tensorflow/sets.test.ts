import { describe, expect, test } from 'vitest';
import { oneOutput } from '../../support/tensor-values.ts';
import { attr, fixed, runOp, tensor } from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

const NAN = Number.NaN;
const f = (...values: number[]) => tensor('FLOAT', [values.length], values);
const i = (...values: number[]) => tensor('INT32', [values.length], values);
const s = (value: number) => tensor('INT32', [], [value]);
const none = (dtype: 'INT32' | 'FLOAT') => tensor(dtype, [0], []);

describe('TopK', () => {
  test('of equal elements the first is first, and indices are int32', async () => {
    const x = tensor('FLOAT', [2, 5], [1, 3, 3, 2, 3, 5, -1, 5, 5, 0]);
    const expected = [
      { dtype: 'FLOAT', shape: [2, 3], values: [3, 3, 3, 5, 5, 5] },
      { dtype: 'INT32', shape: [2, 3], values: [1, 2, 4, 0, 2, 3] },
    ];
    expect(await runOp('TopKV2', [x, s(3)], {}, 2)).toEqual(expected);
    expect(await runOp('TopKV2', [fixed(x), fixed(s(3))], {}, 2)).toEqual(expected);
    expect(await runOp('TopK', [x], { k: attr.int(3) }, 2)).toEqual(expected);
  });

  test.each(['DOUBLE', 'INT32', 'INT64', 'INT16', 'UINT8', 'INT8', 'UINT16'] as const)(
    '%s',
    async (dtype) => {
      const [values, indices] = await runOp('TopKV2', [tensor(dtype, [4], [2, 9, 3, 9]), s(2)], {}, 2);
      expect(values).toEqual({ dtype, shape: [2], values: [9, 9] });
      expect(indices?.values).toEqual([1, 3]);
    },
  );

  test('none of them, all of them, and more than there are', async () => {
    expect((await oneOutput('TopKV2', [f(1, 2), s(0)])).shape).toEqual([0]);
    expect((await oneOutput('TopKV2', [f(1, 2), s(2)])).values).toEqual([2, 1]);
    await expect(oneOutput('TopKV2', [f(1, 2), s(3)])).rejects.toThrow();
  });
});

describe('sets', () => {
  test.each(['FLOAT', 'DOUBLE', 'INT32', 'INT64', 'UINT8', 'INT16'] as const)(
    'unique elements in the order in which they come: %s',
    async (dtype) => {
      const x = tensor(dtype, [6], [3, 1, 3, 2, 1, 3]);
      const [y, index, count] = await runOp('UniqueWithCounts', [x], { out_idx: attr.type('int64') }, 3);
      expect(y).toEqual({ dtype, shape: [3], values: [3, 1, 2] });
      expect(index).toEqual({ dtype: 'INT64', shape: [6], values: [0, 1, 0, 2, 1, 0] });
      expect(count).toEqual({ dtype: 'INT64', shape: [3], values: [3, 2, 1] });
    },
  );

  test('no NaN is like another, and zero has no sign', async () => {
    const [y, index] = await runOp('Unique', [f(NAN, 0, NAN, -0, 7, 0)], {}, 2);
    expect(y?.values).toEqual([NAN, 0, NAN, 7]);
    expect(index).toEqual({ dtype: 'INT32', shape: [6], values: [0, 1, 2, 1, 3, 1] });
  });

  test('strings, and nothing', async () => {
    const words = tensor('STRING', [4], ['b', 'a', 'b', 'c']);
    const [y, index] = await runOp('Unique', [words], {}, 2);
    expect([y?.values, index?.values]).toEqual([
      ['b', 'a', 'c'],
      [0, 1, 0, 2],
    ]);
    expect((await oneOutput('Unique', [none('INT32')])).shape).toEqual([0]);
  });

  test('rows along an axis', async () => {
    const x = tensor('INT32', [3, 2], [1, 2, 0, 5, 1, 2]);
    const [y, index, count] = await runOp('UniqueWithCountsV2', [x, fixed(i(0))], {}, 3);
    expect(y).toEqual({ dtype: 'INT32', shape: [2, 2], values: [1, 2, 0, 5] });
    expect(index?.values).toEqual([0, 1, 0]);
    expect(count?.values).toEqual([2, 1]);
    const [vector] = await runOp('UniqueV2', [i(2, 2, 1), fixed(none('INT32'))], {}, 2);
    expect(vector?.values).toEqual([2, 1]);
  });

  test.each([
    [i(1, 2, 3, 4, 5, 2), i(2, 4), [1, 3, 5], [0, 2, 4]],
    [i(1, 2), none('INT32'), [1, 2], [0, 1]],
    [i(1, 2), i(2, 1), [], []],
  ])('what one list has and another has not', async (x, y, left, at) => {
    for (const op of ['ListDiff', 'SetDiff1D']) {
      const [out, index] = await runOp(op, [x, y], {}, 2);
      expect([out?.values, index?.values]).toEqual([left, at]);
    }
  });
});

describe('counts', () => {
  // NumPy's searchsorted, by hand.
  test.each([
    ['LowerBound', [0, 1, 3, 5, 0, 2]],
    ['UpperBound', [0, 3, 3, 5, 2, 2]],
  ])('%s', async (op, values) => {
    const sorted = tensor('FLOAT', [2, 5], [1, 2, 2, 3, 4, 0, 0, 2, 3, 4]);
    const x = tensor('FLOAT', [2, 3], [0, 2, 2.5, 9, 0, 1]);
    expect(await oneOutput(op, [sorted, x])).toEqual({ dtype: 'INT32', shape: [2, 3], values });
  });

  test.each([
    ['FLOAT', [-5, 0, 9.5, 10, 1000, NAN], [0, 1, 1, 2, 3, 3]],
    ['INT32', [-5, 0, 9, 10, 1000, 100], [0, 1, 1, 2, 3, 3]],
  ] as const)('buckets of %s, whose lower bounds belong to them', async (dtype, x, values) => {
    const boundaries = { boundaries: { list: { f: [0, 10, 100] } } };
    const seen = await oneOutput('Bucketize', [tensor(dtype, [2, 3], x)], boundaries);
    expect(seen).toEqual({ dtype: 'INT32', shape: [2, 3], values });
  });

  test.each(['Bincount', 'DenseBincount'])('%s, with weights and without', async (op) => {
    const x = i(1, 3, 1, 9, 0);
    const weights = f(1, 2, 3, 4, 5);
    const types = { T: attr.type('float') };
    const weighted = await oneOutput(op, [x, s(4), weights], types);
    const oracle = await kernel(op, { x, weights }, { size: 4, binaryOutput: false });
    expect(weighted).toEqual({ dtype: 'FLOAT', shape: [4], values: [5, 4, 0, 2] });
    expect(oracle.values).toEqual(weighted.values);
    const counted = await oneOutput(op, [x, s(4), fixed(none('FLOAT'))], types);
    expect(counted.values).toEqual([1, 2, 0, 1]);
    await expect(oneOutput(op, [i(-1), s(4), f(1)], types)).rejects.toThrow();
  });

  test('a histogram: what is outside goes to the ends', async () => {
    const x = tensor('FLOAT', [2, 3], [-1, 0, 1.5, 2, 5, 15]);
    const seen = await oneOutput('HistogramFixedWidth', [x, f(0, 5), s(5)]);
    // The example of TensorFlow's documentation.
    expect(seen).toEqual({ dtype: 'INT32', shape: [5], values: [2, 1, 1, 0, 2] });
  });

  test('whether the target is among the most likely', async () => {
    const predictions = tensor('FLOAT', [5, 3], [1, 2, 3, 2, 2, 1, 1, 2, 3, 1, Infinity, 0, 1, 2, 3]);
    const targets = i(1, 0, 0, 0, 7);
    const expected = { dtype: 'BOOL', shape: [5], values: [1, 1, 0, 0, 0] };
    expect(await oneOutput('InTopKV2', [predictions, targets, s(2)], { T: attr.type('int32') })).toEqual(
      expected,
    );
    const attributes = { T: attr.type('int32'), k: attr.int(2) };
    expect(await oneOutput('InTopK', [predictions, targets], attributes)).toEqual(expected);
  });

  test.each([
    ['INT32', [0, 7, -1], [0, 3, 32]],
    ['UINT8', [255, 1, 128], [8, 1, 1]],
    ['INT16', [-1, 256, 3], [16, 1, 2]],
  ] as const)('set bits of %s', async (dtype, x, values) => {
    expect((await oneOutput('PopulationCount', [tensor(dtype, [3], x)])).values).toEqual(values);
  });
});
