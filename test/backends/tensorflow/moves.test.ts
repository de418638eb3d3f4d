import { describe, expect, test } from 'vitest';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import { attr, fixed, placeholder, runGraph, tensor } from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

const count = (...shape: number[]) =>
  tensor(
    'INT32',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
const ints = (...values: number[]) => tensor('INT32', [values.length], values);
const scalar = (value: number) => tensor('INT32', [], [value]);

describe('Roll', () => {
  // NumPy's roll.
  test.each([
    ['by one number', scalar(2), scalar(0), [5], [3, 4, 0, 1, 2]],
    ['back, by more than there are', scalar(-7), scalar(0), [5], [2, 3, 4, 0, 1]],
    ['along two axes', ints(1, -1), ints(0, 1), [2, 3], [4, 5, 3, 1, 2, 0]],
    ['twice along one', ints(1, 1), ints(-1, -1), [2, 3], [1, 2, 0, 4, 5, 3]],
    ['nothing', scalar(3), scalar(0), [0], []],
  ])('%s', async (_, shift, axis, shape, values) => {
    const expected = { dtype: 'INT32', shape, values };
    expect(await oneOutput('Roll', [count(...shape), shift, fixed(axis)])).toEqual(expected);
    expect(await oneOutput('Roll', [count(...shape), fixed(shift), fixed(axis)])).toEqual(expected);
  });
});

test('Reverse says of each dimension whether it is turned', async () => {
  const turned = fixed(tensor('BOOL', [2], [0, 1]));
  expect((await oneOutput('Reverse', [count(2, 3), turned])).values).toEqual([2, 1, 0, 5, 4, 3]);
  const none = fixed(tensor('BOOL', [2], [0, 0]));
  expect((await oneOutput('Reverse', [count(2, 3), none])).values).toEqual([0, 1, 2, 3, 4, 5]);
});

describe('ReverseSequence', () => {
  test.each([
    [1, 0, [2, 3], [3, 1], [2, 1, 0, 3, 4, 5]],
    [0, 1, [2, 3], [2, 0, 1], [3, 1, 2, 0, 4, 5]],
    [2, 0, [2, 1, 3], [2, 3], [1, 0, 2, 5, 4, 3]],
    [0, 2, [2, 2, 2], [2, 1], [4, 1, 6, 3, 0, 5, 2, 7]],
  ])('along axis %i, lengths along axis %i', async (seqDim, batchDim, shape, lengths, values) => {
    const dims = { seq_dim: attr.int(seqDim), batch_dim: attr.int(batchDim) };
    for (const dtype of ['INT64', 'INT32'] as const) {
      const seen = await oneOutput(
        'ReverseSequence',
        [count(...shape), tensor(dtype, [lengths.length], lengths)],
        dims,
      );
      expect(seen).toEqual({ dtype: 'INT32', shape, values });
    }
  });
});

test('Atan2, on the axes and at infinity too', async () => {
  const numbers = [-2, -0.5, -0, 0, 1, 3, Infinity, -Infinity];
  const pairs = numbers.flatMap((a) => numbers.map((b) => [a, b] as const));
  const [a, b] = [0, 1].map((i) =>
    tensor(
      'FLOAT',
      [64],
      pairs.map((pair) => pair[i] as number),
    ),
  ) as [ReturnType<typeof tensor>, ReturnType<typeof tensor>];
  const seen = await oneOutput('Atan2', [a, b]);
  expectClose(seen, { shape: [64], values: pairs.map(([y, x]) => Math.atan2(y, x)) }, 6);
  expectClose(seen, await kernel('Atan2', { a, b }), 6);
});

test('what prints or asserts lets its input pass', async () => {
  const T = { T: attr.type('float') };
  const x = tensor('FLOAT', [2], [1, 2]);
  const [seen] = await runGraph(
    [
      placeholder('x'),
      placeholder('ok', 'bool', []),
      { name: 'assert', op: 'Assert', input: ['ok', 'x'] },
      { name: 'print', op: 'Print', input: ['x', 'x', '^assert'], attr: T },
      { name: 'y', op: 'CheckNumericsV2', input: ['print'], attr: T },
    ],
    { x },
    'y',
  );
  expect(seen).toEqual({ dtype: 'FLOAT', shape: [2], values: [1, 2] });
});
