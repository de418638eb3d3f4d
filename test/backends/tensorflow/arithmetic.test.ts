import { describe, expect, test } from 'vitest';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import { attr, tensor } from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;

describe('arithmetic broadcasts as TensorFlow.js does', () => {
  const a = tensor('FLOAT', [2, 1, 3], [1, -2, 3.5, 0, 5, -6.25]);
  const b = tensor('FLOAT', [4, 1], [2, -0.5, 4, 3]);
  test.each([
    ['Add', 'Add'],
    ['AddV2', 'Add'],
    ['Sub', 'Sub'],
    ['Mul', 'Multiply'],
    ['RealDiv', 'RealDiv'],
    ['Maximum', 'Maximum'],
    ['Minimum', 'Minimum'],
    ['SquaredDifference', 'SquaredDifference'],
    ['FloorMod', 'Mod'],
    ['Less', 'Less'],
    ['GreaterEqual', 'GreaterEqual'],
    ['NotEqual', 'NotEqual'],
  ])('%s', async (op, oracle) => {
    expectClose(await oneOutput(op, [a, b]), await kernel(oracle, { a, b }));
  });
});

describe('integer division', () => {
  const x = [7, -7, 7, -7, 6, -6, 0];
  const y = [2, 2, -2, -2, 3, -3, 5];
  // By the definitions: towards zero, towards minus infinity, and what is left over by each.
  test.each([
    ['Div', [3, -3, -3, 3, 2, 2, 0]],
    ['TruncateDiv', [3, -3, -3, 3, 2, 2, 0]],
    ['FloorDiv', [3, -4, -4, 3, 2, 2, 0]],
    ['FloorMod', [1, 1, -1, -1, 0, 0, 0]],
    ['TruncateMod', [1, -1, 1, -1, 0, 0, 0]],
  ])('%s', async (op, values) => {
    for (const dtype of ['INT32', 'INT64', 'INT8', 'INT16'] as const) {
      const operands = [tensor(dtype, [7], x), tensor(dtype, [7], y)];
      expect(await oneOutput(op, operands)).toEqual({ dtype, shape: [7], values: values.map((v) => v + 0) });
    }
  });

  test.each(['Div', 'FloorDiv', 'FloorMod', 'TruncateMod'])(
    '%s by zero is an error that names the node, and the process lives',
    async (op) => {
      const operands = [tensor('INT32', [2], [1, 2]), tensor('INT32', [2], [1, 0])];
      await expect(oneOutput(op, operands)).rejects.toThrow(/Integer division by zero in out/);
    },
  );

  test.each([
    ['Div', -2147483648],
    ['FloorDiv', -2147483648],
    ['FloorMod', 0],
    ['TruncateMod', 0],
  ])('%s of the lowest number by -1 wraps, and the process lives', async (op, value) => {
    const operands = [tensor('INT32', [1], [-2147483648]), tensor('INT32', [1], [-1])];
    expect((await oneOutput(op, operands)).values).toEqual([value]);
  });

  test('of unsigned numbers', async () => {
    const operands = [tensor('UINT8', [3], [255, 7, 0]), tensor('UINT8', [3], [2, 9, 1])];
    expect((await oneOutput('FloorDiv', operands)).values).toEqual([127, 0, 0]);
    expect((await oneOutput('FloorMod', operands)).values).toEqual([1, 7, 0]);
  });
});

test('FloorMod of floats has the sign of the divisor, and keeps what is whole at 0', async () => {
  const operands = [
    tensor('FLOAT', [5], [5.5, -5.5, 5.5, -5.5, -4]),
    tensor('FLOAT', [5], [2, 2, -2, -2, 2]),
  ];
  expect((await oneOutput('FloorMod', operands)).values).toEqual([1.5, 0.5, -0.5, -1.5, -0]);
  expect((await oneOutput('Mod', operands)).values).toEqual([1.5, -1.5, 1.5, -1.5, -0]);
});

test('small integers wrap around as their width says', async () => {
  const operands = [tensor('INT8', [2], [100, -100]), tensor('INT8', [2], [100, -100])];
  expect(await oneOutput('AddV2', operands)).toEqual({ dtype: 'INT8', shape: [2], values: [-56, 56] });
  const large = [tensor('INT64', [1], [2 ** 40]), tensor('INT64', [1], [3])];
  expect((await oneOutput('Mul', large)).values).toEqual([3 * 2 ** 40]);
});

test('operations that know better than NaN', async () => {
  const zero = tensor('FLOAT', [3], [0, 0, 2]);
  const other = tensor('FLOAT', [3], [NAN, INF, 0]);
  expect((await oneOutput('DivNoNan', [other, zero])).values).toEqual([0, 0, 0]);
  expect((await oneOutput('MulNoNan', [other, zero])).values).toEqual([0, 0, 0]);
  expect((await oneOutput('Xlogy', [zero, tensor('FLOAT', [3], [0, -1, 1])])).values).toEqual([0, 0, 0]);
  expect((await oneOutput('Xdivy', [zero, tensor('FLOAT', [3], [0, 1, 4])])).values).toEqual([0, 0, 0.5]);
});

test('Select takes whole rows by a vector, SelectV2 broadcasts', async () => {
  const [x, y] = [tensor('FLOAT', [2, 2], [1, 2, 3, 4]), tensor('FLOAT', [2, 2], [5, 6, 7, 8])];
  const condition = tensor('BOOL', [2], [1, 0]);
  const typed = { T: attr.type('float') };
  expect((await oneOutput('Select', [condition, x, y], typed)).values).toEqual([1, 2, 7, 8]);
  expect((await oneOutput('SelectV2', [condition, x, y], typed)).values).toEqual([1, 6, 3, 8]);
});

test('strings and bools are compared too', async () => {
  const texts = [tensor('STRING', [2], ['a', 'b']), tensor('STRING', [2], ['a', 'c'])];
  expect(await oneOutput('Equal', texts)).toEqual({ dtype: 'BOOL', shape: [2], values: [1, 0] });
  const flags = [tensor('BOOL', [2], [1, 0]), tensor('BOOL', [2], [1, 1])];
  expect((await oneOutput('NotEqual', flags)).values).toEqual([0, 1]);
  expect((await oneOutput('LogicalAnd', flags)).values).toEqual([1, 0]);
});

describe('functions of one number as TensorFlow.js has them', () => {
  const x = tensor('FLOAT', [2, 4], [-3, -0.75, -1e-4, 0, 1e-4, 0.5, 0.9, 4]);
  test.each([
    ['Neg', 'Neg'],
    ['Abs', 'Abs'],
    ['Sign', 'Sign'],
    ['Floor', 'Floor'],
    ['Ceil', 'Ceil'],
    ['Square', 'Square'],
    ['Exp', 'Exp'],
    ['Expm1', 'Expm1'],
    ['Log1p', 'Log1p'],
    ['Sin', 'Sin'],
    ['Cos', 'Cos'],
    ['Tan', 'Tan'],
    ['Atan', 'Atan'],
    ['Sinh', 'Sinh'],
    ['Asinh', 'Asinh'],
    ['Erf', 'Erf'],
    ['Sigmoid', 'Sigmoid'],
    ['Tanh', 'Tanh'],
    ['Relu', 'Relu'],
    ['Relu6', 'Relu6'],
    ['Elu', 'Elu'],
    ['Selu', 'Selu'],
    ['Softplus', 'Softplus'],
    ['Rsqrt', 'Rsqrt'],
    ['Sqrt', 'Sqrt'],
    ['Reciprocal', 'Reciprocal'],
    ['IsFinite', 'IsFinite'],
  ])('%s', async (op, oracle) => {
    expectClose(await oneOutput(op, [x]), await kernel(oracle, { x }), 4);
  });

  test('LeakyRelu, with the slope of the node', async () => {
    const expected = await kernel('LeakyRelu', { x }, { alpha: 0.3 });
    expectClose(await oneOutput('LeakyRelu', [x], { alpha: attr.float(0.3) }), expected);
  });
});

test('functions without a kernel for double are as exact there as double is', async () => {
  const values = [-20, -1.5, -1e-9, 0, 1e-9, 0.25, 3, 30];
  const x = tensor('DOUBLE', [8], values);
  const expected: Record<string, (x: number) => number> = {
    Expm1: Math.expm1,
    Tan: Math.tan,
    Cosh: Math.cosh,
    Softsign: (v) => v / (1 + Math.abs(v)),
    Softplus: (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))),
    Elu: (v) => (v > 0 ? v : Math.expm1(v)),
  };
  for (const [op, of] of Object.entries(expected)) {
    const { dtype, values: actual } = await oneOutput(op, [x]);
    expect(dtype).toBe('DOUBLE');
    actual.forEach((y, i) => {
      const wanted = of(values[i] as number);
      expect([op, Math.abs((y as number) - wanted) <= 1e-12 * Math.abs(wanted)]).toEqual([op, true]);
    });
  }
});

test('halves round to even, signs of NaN stay NaN, casts go towards zero', async () => {
  const x = tensor('FLOAT', [5], [0.5, 1.5, -0.5, -1.5, 2.5]);
  expect((await oneOutput('Round', [x])).values).toEqual([0, 2, -0, -2, 2]);
  expect((await oneOutput('Sign', [tensor('FLOAT', [2], [NAN, -2])])).values).toEqual([NAN, -1]);
  const types = (from: 'float' | 'int32', to: 'int32' | 'bool' | 'uint8' | 'double') => ({
    SrcT: attr.type(from),
    DstT: attr.type(to),
  });
  expect((await oneOutput('Cast', [x], types('float', 'int32'))).values).toEqual([0, 1, 0, -1, 2]);
  expect((await oneOutput('Cast', [x], types('float', 'bool'))).values).toEqual([1, 1, 1, 1, 1]);
  const wide = tensor('INT32', [2], [257, -1]);
  expect(await oneOutput('Cast', [wide], types('int32', 'uint8'))).toEqual({
    ...{ dtype: 'UINT8', shape: [2], values: [1, 255] },
  });
});
