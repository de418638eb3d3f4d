import { describe, expect, test } from 'vitest';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import { attr, constant, fixed, placeholder, runGraph, tensor } from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF, NEGATIVE_INFINITY: LOW } = Number;

describe('comparison', () => {
  const x = tensor('FLOAT', [6], [NAN, 1, NAN, INF, 0, 1]);
  const y = tensor('FLOAT', [6], [NAN, NAN, 1, INF, -0, 2]);
  // IEEE 754: whatever is compared with NaN is different from it, and zeros are equal.
  test.each([
    ['Less', [0, 0, 0, 0, 0, 1]],
    ['LessEqual', [0, 0, 0, 1, 1, 1]],
    ['Greater', [0, 0, 0, 0, 0, 0]],
    ['GreaterEqual', [0, 0, 0, 1, 1, 0]],
    ['Equal', [0, 0, 0, 1, 1, 0]],
    ['NotEqual', [1, 1, 1, 0, 0, 1]],
  ])('%s with NaN, infinity and zeros', async (op, values) => {
    expect(await oneOutput(op, [x, y])).toEqual({ dtype: 'BOOL', shape: [6], values });
    expect(await oneOutput(op, [fixed(x), fixed(y)])).toEqual({ dtype: 'BOOL', shape: [6], values });
  });

  test.each(['FLOAT', 'DOUBLE', 'INT8', 'UINT8', 'INT16', 'UINT16', 'INT32', 'INT64'] as const)(
    'of %s, broadcast',
    async (dtype) => {
      const operands = [tensor(dtype, [2, 1], [1, 100]), tensor(dtype, [2], [1, 101])];
      const seen = (values: number[]) => ({ dtype: 'BOOL', shape: [2, 2], values });
      expect(await oneOutput('Less', operands)).toEqual(seen([0, 1, 0, 1]));
      expect(await oneOutput('LessEqual', operands)).toEqual(seen([1, 1, 0, 1]));
      expect(await oneOutput('Greater', operands)).toEqual(seen([0, 0, 1, 0]));
      expect(await oneOutput('GreaterEqual', operands)).toEqual(seen([1, 0, 1, 0]));
    },
  );

  test('of integers that no double tells apart', async () => {
    const of = { T: attr.type('int64') };
    const [seen] = await runGraph(
      [
        placeholder('x', 'int64', [-1]),
        constant('one', 'int64', [], [1]),
        { name: 'next', op: 'AddV2', input: ['x', 'one'], attr: of },
        { name: 'y', op: 'Less', input: ['x', 'next'], attr: of },
      ],
      { x: tensor('INT64', [1], [2 ** 53]) },
      'y',
    );
    expect(seen?.values).toEqual([1]);
  });

  test('what is nearer than the tolerance is about equal', async () => {
    const [a, b] = [tensor('FLOAT', [4], [1, 1, NAN, INF]), tensor('FLOAT', [4], [1.000001, 1.1, NAN, INF])];
    expect((await oneOutput('ApproximateEqual', [a, b])).values).toEqual([1, 0, 0, 0]);
    const wide = { tolerance: attr.float(0.2) };
    expect((await oneOutput('ApproximateEqual', [a, b], wide)).values).toEqual([1, 1, 0, 0]);
    const double = [tensor('DOUBLE', [1], [1]), tensor('DOUBLE', [1], [1.000001])];
    expect(await oneOutput('ApproximateEqual', double)).toEqual({ dtype: 'BOOL', shape: [1], values: [1] });
  });
});

describe('logic', () => {
  const [x, y] = [tensor('BOOL', [2, 1], [0, 1]), tensor('BOOL', [2], [0, 1])];
  test.each([
    ['LogicalAnd', [0, 0, 0, 1]],
    ['LogicalOr', [0, 1, 1, 1]],
  ])('%s', async (op, values) => {
    expect(await oneOutput(op, [x, y])).toEqual({ dtype: 'BOOL', shape: [2, 2], values });
  });
  test('LogicalNot', async () => {
    expect(await oneOutput('LogicalNot', [x])).toEqual({ dtype: 'BOOL', shape: [2, 1], values: [1, 0] });
  });
});

describe('bits', () => {
  // 12 = 1100, 10 = 1010; in two's complement -1 is all ones and ~x is -x - 1.
  test.each([
    ['BitwiseAnd', [8, 5, 0]],
    ['BitwiseOr', [14, -1, 7]],
    ['BitwiseXor', [6, -6, 7]],
  ])('%s of signed integers', async (op, values) => {
    for (const dtype of ['INT8', 'INT16', 'INT32', 'INT64'] as const) {
      const operands = [tensor(dtype, [3], [12, -1, 7]), tensor(dtype, [3], [10, 5, 0])];
      expect(await oneOutput(op, operands)).toEqual({ dtype, shape: [3], values });
    }
  });

  test.each(['INT8', 'INT16', 'INT32', 'INT64'] as const)('Invert of %s', async (dtype) => {
    const seen = await oneOutput('Invert', [tensor(dtype, [3], [0, 5, -128])]);
    expect(seen).toEqual({ dtype, shape: [3], values: [-1, -6, 127] });
  });

  test('of unsigned integers, and of high bits', async () => {
    expect((await oneOutput('Invert', [tensor('UINT8', [2], [0, 129])])).values).toEqual([255, 126]);
    expect((await oneOutput('Invert', [tensor('UINT16', [1], [1])])).values).toEqual([65534]);
    const high = [tensor('INT64', [1], [2 ** 40 + 1]), tensor('INT64', [1], [2 ** 40 + 2])];
    expect((await oneOutput('BitwiseAnd', high)).values).toEqual([2 ** 40]);
    expect((await oneOutput('BitwiseXor', high)).values).toEqual([3]);
  });
});

describe('sums of several', () => {
  test.each(['AddN', 'AccumulateNV2'])('%s', async (op) => {
    for (const dtype of ['FLOAT', 'DOUBLE', 'INT32', 'INT64', 'INT8'] as const) {
      const parts = [1, 10, 100].map((n) => tensor(dtype, [2], [n, -n]));
      expect(await oneOutput(op, parts)).toEqual({ dtype, shape: [2], values: [111, -111] });
      expect((await oneOutput(op, parts.slice(2))).values).toEqual([100, -100]);
    }
  });
});

describe('Pow', () => {
  test('of floats as TensorFlow.js has it, broadcast', async () => {
    const a = tensor('FLOAT', [4, 1], [2, -3, 0, 0.25]);
    const b = tensor('FLOAT', [4], [3, -2, 0, 0.5]);
    expectClose(await oneOutput('Pow', [a, b]), await kernel('Pow', { a, b }));
  });

  test.each(['INT32', 'INT64', 'DOUBLE'] as const)('of %s', async (dtype) => {
    const [x, y] = [tensor(dtype, [6], [2, -3, 0, -1, 0, 7]), tensor(dtype, [6], [10, 3, 0, 4, 5, 1])];
    const expected = { dtype, shape: [6], values: [1024, -27, 1, 1, 0, 7] };
    expect(await oneOutput('Pow', [x, y])).toEqual(expected);
    expect(await oneOutput('Pow', [x, fixed(y)])).toEqual(expected);
  });

  test('of integers broadcasts, whichever is known', async () => {
    const [x, y] = [tensor('INT32', [2, 1], [2, 3]), tensor('INT32', [3], [0, 1, 4])];
    const expected = { dtype: 'INT32', shape: [2, 3], values: [1, 2, 16, 1, 3, 81] };
    expect(await oneOutput('Pow', [x, y])).toEqual(expected);
    expect(await oneOutput('Pow', [fixed(x), fixed(y)])).toEqual(expected);
    expect((await oneOutput('Pow', [x, fixed(tensor('INT32', [], [0]))])).values).toEqual([1, 1]);
  });

  test('of integers wraps around and is exact, as multiplying again and again is', async () => {
    const small = [tensor('INT32', [4], [2, 2, 3, -1]), tensor('INT32', [4], [31, 32, 21, 2 ** 31 - 1])];
    // 3^21 = 10460353203 = 2 * 2^32 + 1870418611.
    expect((await oneOutput('Pow', small)).values).toEqual([-(2 ** 31), 0, 1870418611, -1]);
    // The last digits of 3^39 = 4052555153018976267, which no double has.
    const of = { T: attr.type('int64') };
    const [digits] = await runGraph(
      [
        ...[placeholder('x', 'int64', [-1]), placeholder('y', 'int64', [-1])],
        constant('thousand', 'int64', [], [1000]),
        { name: 'power', op: 'Pow', input: ['x', 'y'], attr: of },
        { name: 'digits', op: 'FloorMod', input: ['power', 'thousand'], attr: of },
      ],
      { x: tensor('INT64', [1], [3]), y: tensor('INT64', [1], [39]) },
      'digits',
    );
    expect(digits?.values).toEqual([267]);
  });

  test('of integers to a negative power is an error that names the node', async () => {
    const operands = [tensor('INT32', [2], [2, 2]), tensor('INT32', [2], [1, -1])];
    await expect(oneOutput('Pow', operands)).rejects.toThrow(/Integers to negative integer powers in out/);
  });
});

describe('functions of one number', () => {
  const x = tensor('FLOAT', [8], [-2, -1, -0.5, 0, 0.25, 1, 1.5, 3]);
  // Where they are not defined they are NaN, as in C.
  test.each<[string, (x: number) => number]>([
    ['Log', Math.log],
    ['Asin', Math.asin],
    ['Acos', Math.acos],
    ['Acosh', Math.acosh],
    ['Atanh', Math.atanh],
    ['Inv', (v) => 1 / v],
    ['Cosh', Math.cosh],
    ['Softsign', (v) => v / (1 + Math.abs(v))],
  ])('%s', async (op, of) => {
    const values = [-2, -1, -0.5, 0, 0.25, 1, 1.5, 3].map(of);
    expectClose(await oneOutput(op, [x]), { shape: [8], values });
  });

  test.each(['Round', 'Rint'])('%s goes from halves to what is even', async (op) => {
    const halves = tensor('FLOAT', [6], [0.5, 1.5, -0.5, -2.5, 2.4, -INF]);
    expect((await oneOutput(op, [halves])).values).toEqual([0, 2, -0, -2, 2, LOW]);
  });

  test.each(['FLOAT', 'DOUBLE'] as const)('what is no number of %s, or infinite', async (dtype) => {
    const odd = tensor(dtype, [4], [NAN, INF, LOW, 1]);
    const seen = (values: number[]) => ({ dtype: 'BOOL', shape: [4], values });
    expect(await oneOutput('IsNan', [odd])).toEqual(seen([1, 0, 0, 0]));
    expect(await oneOutput('IsInf', [odd])).toEqual(seen([0, 1, 1, 0]));
    expect(await oneOutput('IsFinite', [odd])).toEqual(seen([0, 0, 0, 1]));
  });

  // Abramowitz and Stegun, table 7.1 and 7.3: what is left of 1 stays exact where it is small.
  test.each([
    [-INF, 2],
    [-1, 1.8427007929497148],
    [0, 1],
    [0.5, 0.4795001221869535],
    [1, 0.15729920705028513],
    [3, 2.209049699858544e-5],
    [5, 1.5374597944280349e-12],
    [9, 4.13703174651381e-37],
    [INF, 0],
  ])('Erfc of %d', async (at, expected) => {
    const [value] = (await oneOutput('Erfc', [tensor('FLOAT', [1], [at])])).values;
    expect(Math.abs((value as number) - expected)).toBeLessThanOrEqual(1e-6 * expected);
  });

  test('Erfc of NaN is NaN', async () => {
    expect((await oneOutput('Erfc', [tensor('FLOAT', [1], [NAN])])).values).toEqual([NAN]);
  });

  test.each(['FLOAT', 'DOUBLE', 'INT32', 'INT64', 'INT8'] as const)(
    'ClipByValue of %s, by numbers and element by element',
    async (dtype) => {
      const of = (...values: number[]) => tensor(dtype, [values.length], values);
      const number = (value: number) => tensor(dtype, [], [value]);
      const given = of(-5, -1, 0, 2, 9);
      const seen = (values: number[]) => ({ dtype, shape: [5], values });
      expect(await oneOutput('ClipByValue', [given, number(-1), number(2)])).toEqual(seen([-1, -1, 0, 2, 2]));
      const each = [given, of(-9, 0, 1, 3, 0), of(9, 0, 1, 4, 8)];
      expect(await oneOutput('ClipByValue', each)).toEqual(seen([-5, 0, 1, 3, 8]));
    },
  );
});

test('L2Loss is half the sum of the squares', async () => {
  for (const dtype of ['FLOAT', 'DOUBLE'] as const) {
    const x = tensor(dtype, [2, 2], [1, -2, 3, 4]);
    expect(await oneOutput('L2Loss', [x])).toEqual({ dtype, shape: [], values: [15] });
  }
  expect((await oneOutput('L2Loss', [tensor('FLOAT', [0, 2], [])])).values).toEqual([0]);
});

test('BiasAddV1 adds to the last dimension', async () => {
  const x = tensor('FLOAT', [2, 2], [1, 2, 3, 4]);
  const seen = await oneOutput('BiasAddV1', [x, tensor('FLOAT', [2], [10, 20])]);
  expect(seen).toEqual({ dtype: 'FLOAT', shape: [2, 2], values: [11, 22, 13, 24] });
});
