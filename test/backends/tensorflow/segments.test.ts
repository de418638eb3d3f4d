import { describe, expect, test } from 'vitest';
import { oneOutput } from '../../support/tensor-values.ts';
import {
  attr,
  constant,
  fixed,
  placeholder,
  runGraph,
  runOp,
  tensor,
} from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

const f = (shape: number[], ...values: number[]) => tensor('FLOAT', shape, values);
const i = (...values: number[]) => tensor('INT32', [values.length], values);
const s = (value: number) => tensor('INT32', [], [value]);
const LOWEST = -3.4028234663852886e38;

describe('segments', () => {
  const data = f([4, 2], 1, 2, 3, 4, -5, 6, 7, -8);
  // By hand: rows 0 and 1 are segment 0, none is segment 1, rows 2 and 3 are segment 2.
  test.each([
    ['SegmentSum', [4, 6, 0, 0, 2, -2]],
    ['SegmentProd', [3, 8, 1, 1, -35, -48]],
    ['SegmentMax', [3, 4, 0, 0, 7, 6]],
    ['SegmentMin', [1, 2, 0, 0, -5, -8]],
    ['SegmentMean', [2, 3, 0, 0, 1, -1]],
  ])('%s: a gap is a segment without rows', async (op, values) => {
    const expected = { dtype: 'FLOAT', shape: [3, 2], values };
    expect(await oneOutput(op, [data, i(0, 0, 2, 2)])).toEqual(expected);
    expect(await oneOutput(op, [fixed(data), fixed(i(0, 0, 2, 2))])).toEqual(expected);
  });

  test('no rows are no segments', async () => {
    const none = tensor('FLOAT', [0, 2], []);
    expect(await oneOutput('SegmentSum', [none, tensor('INT64', [0], [])])).toEqual({
      dtype: 'FLOAT',
      shape: [0, 2],
      values: [],
    });
  });

  test.each([
    ['UnsortedSegmentSum', [6, 8, 0, 0, -5, 6]],
    ['UnsortedSegmentProd', [5, 12, 1, 1, -5, 6]],
    ['UnsortedSegmentMax', [5, 6, LOWEST, LOWEST, -5, 6]],
  ])('%s leaves out rows of negative segments', async (op, values) => {
    const rows = f([4, 2], 1, 2, -5, 6, 7, -8, 5, 6);
    const expected = { dtype: 'FLOAT', shape: [3, 2], values };
    expect(await oneOutput(op, [rows, i(0, 2, -1, 0), s(3)])).toEqual(expected);
    expect(await oneOutput(op, [rows, fixed(i(0, 2, -1, 0)), fixed(s(3))])).toEqual(expected);
  });

  test('an id beyond the segments is an error', async () => {
    await expect(runOp('UnsortedSegmentSum', [f([2], 1, 2), i(0, 3), s(3)])).rejects.toThrow();
    await expect(runOp('UnsortedSegmentSum', [f([2], 1, 2), i(0, 4), s(3)])).rejects.toThrow();
  });

  test.each([
    ['INT8', 127],
    ['INT32', 2 ** 31 - 1],
    ['UINT8', 255],
  ] as const)('the minimum of no %s is the highest there is', async (dtype, highest) => {
    const x = tensor(dtype, [2], [3, 2]);
    expect((await oneOutput('UnsortedSegmentMin', [x, i(1, 1), s(2)])).values).toEqual([highest, 2]);
  });

  test('ids of the shape of the data, as TensorFlow.js has it', async () => {
    const x = f([2, 3], 1, 2, 3, 4, 5, 6);
    const ids = tensor('INT32', [2, 3], [0, 1, 1, 2, 0, 1]);
    const seen = await oneOutput('UnsortedSegmentSum', [x, ids, s(3)]);
    const flat = await kernel(
      'UnsortedSegmentSum',
      { x: f([6], 1, 2, 3, 4, 5, 6), segmentIds: i(0, 1, 1, 2, 0, 1) },
      { numSegments: 3 },
    );
    expect(seen).toEqual({ dtype: 'FLOAT', ...flat });
  });

  test.each([
    ['SparseSegmentSum', 'SparseSegmentSumWithNumSegments', [8, 10, 0, 0, 5, 6]],
    ['SparseSegmentMean', 'SparseSegmentMeanWithNumSegments', [4, 5, 0, 0, 5, 6]],
    [
      'SparseSegmentSqrtN',
      'SparseSegmentSqrtNWithNumSegments',
      [Math.fround(8 / Math.SQRT2), Math.fround(10 / Math.SQRT2), 0, 0, 5, 6],
    ],
  ])('%s looks rows up first, %s ends with empty ones', async (op, numbered, values) => {
    const table = f([4, 2], 1, 2, 3, 4, 5, 6, 7, 8);
    const inputs = [table, i(0, 3, 2), i(0, 0, 2)];
    expect(await oneOutput(op, inputs)).toEqual({ dtype: 'FLOAT', shape: [3, 2], values });
    const more = { dtype: 'FLOAT', shape: [4, 2], values: [...values, 0, 0] };
    expect(await oneOutput(numbered, [...inputs, s(4)])).toEqual(more);
    expect(await oneOutput(numbered, [...inputs, fixed(s(4))])).toEqual(more);
    // An id beyond the last segment.
    await expect(oneOutput(numbered, [...inputs, s(2)])).rejects.toThrow();
  });
});

describe('partitions', () => {
  test('rows go to their partitions in order', async () => {
    const x = f([4, 2], 1, 2, 3, 4, 5, 6, 7, 8);
    const parts = await runOp('DynamicPartition', [x, i(1, 0, 1, 2)], { num_partitions: attr.int(4) }, 4);
    expect(parts.map(({ shape, values }) => [shape, values])).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [2, 2],
        [1, 2, 5, 6],
      ],
      [
        [1, 2],
        [7, 8],
      ],
      [[0, 2], []],
    ]);
  });

  test.each(['DynamicStitch', 'ParallelDynamicStitch'])('%s undoes a partition', async (op) => {
    const merged = await oneOutput(
      op,
      [i(2, 0), tensor('INT32', [1, 2], [1, 3]), f([2, 1], 20, 0), f([1, 2, 1], 10, 30)],
      { N: attr.int(2), T: attr.type('float') },
    );
    expect(merged).toEqual({ dtype: 'FLOAT', shape: [4, 1], values: [0, 10, 20, 30] });
  });

  test('stitching keeps the later row', async () => {
    const later = await oneOutput('DynamicStitch', [i(0, 1), i(0), f([2], 1, 2), f([1], 3)], {
      N: attr.int(2),
      T: attr.type('float'),
    });
    expect(later.values).toEqual([3, 2]);
  });
});

describe('scatter', () => {
  const points = tensor('INT32', [3, 1], [4, 1, 4]);
  test.each(['FLOAT', 'DOUBLE', 'INT32', 'INT64', 'UINT8'] as const)(
    'ScatterNd adds what meets in one place: %s',
    async (dtype) => {
      const seen = await oneOutput('ScatterNd', [points, tensor(dtype, [3], [9, 10, 11]), i(6)], {
        T: attr.type('float'),
      });
      expect(seen).toEqual({ dtype, shape: [6], values: [0, 10, 0, 0, 20, 0] });
    },
  );

  test('rows of half', async () => {
    const types = { Tindices: attr.type('int32'), T: attr.type('half') };
    const [seen] = await runGraph(
      [
        placeholder('points', 'int32', [-1, 1]),
        placeholder('rows', 'half', [-1, 2]),
        constant('shape', 'int32', [2], [3, 2]),
        { name: 'y', op: 'ScatterNd', input: ['points', 'rows', 'shape'], attr: types },
      ],
      { points: tensor('INT32', [3, 1], [2, 0, 2]), rows: f([3, 2], 1, 2, 3, 4, 5, 0.5) },
      'y',
    );
    expect(seen).toEqual({ dtype: 'FLOAT', shape: [3, 2], values: [3, 4, 0, 0, 6, 2.5] });
  });

  test.each([
    ['ScatterNdNonAliasingAdd', [1, 7, 3, 4, 12]],
    ['TensorScatterAdd', [1, 7, 3, 4, 12]],
    ['TensorScatterSub', [1, -3, 3, 4, -2]],
    ['TensorScatterMax', [1, 5, 3, 4, 5]],
    ['TensorScatterMin', [1, 2, 3, 4, 3]],
  ])('%s', async (op, values) => {
    const x = f([5], 1, 2, 3, 4, 5);
    expect((await oneOutput(op, [x, points, f([3], 4, 5, 3)])).values).toEqual(values);
  });

  test('TensorScatterUpdate of slices, and of nothing', async () => {
    const x = f([3, 2], 1, 2, 3, 4, 5, 6);
    const seen = await oneOutput('TensorScatterUpdate', [x, tensor('INT32', [1, 1], [1]), f([1, 2], 8, 9)]);
    expect(seen.values).toEqual([1, 2, 8, 9, 5, 6]);
    const none = await oneOutput('TensorScatterUpdate', [x, tensor('INT32', [0, 1], []), f([0, 2])]);
    expect(none.values).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    ['a place', s(2), i(4), f([], 7), [0, 0, 7, 0]],
    ['places of a vector', i(1, 3), i(4), f([2], 7, 8), [0, 7, 0, 8]],
    ['one value for all', i(1, 3), i(4), f([], 7), [0, 7, 0, 7]],
    ['points of a matrix', tensor('INT32', [2, 2], [0, 1, 1, 0]), i(2, 2), f([2], 7, 8), [0, 7, 8, 0]],
  ])('SparseToDense: %s', async (_, indices, shape, values, expected) => {
    const attributes = { T: attr.type('float'), Tindices: attr.type('int32') };
    const seen = await oneOutput('SparseToDense', [indices, shape, values, f([], 0)], attributes);
    expect(seen.values).toEqual(expected);
  });

  test('InvertPermutation', async () => {
    const expected = { dtype: 'INT32', shape: [5], values: [2, 4, 3, 0, 1] };
    expect(await oneOutput('InvertPermutation', [i(3, 4, 0, 2, 1)])).toEqual(expected);
    expect(await oneOutput('InvertPermutation', [fixed(i(3, 4, 0, 2, 1))])).toEqual(expected);
  });
});
