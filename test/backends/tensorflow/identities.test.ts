import { describe, expect, test } from 'vitest';
import { oneOutput } from '../../support/tensor-values.ts';
import {
  attr,
  constant,
  fixed,
  graphDef,
  open,
  placeholder,
  runGraph,
  runOp,
  type TfNode,
  tensor,
} from '../../support/tensorflow-graphs.ts';

const { NaN: NAN, NEGATIVE_INFINITY: LOW } = Number;

describe('what gives its input as it is', () => {
  test.each([
    ...['Identity', 'StopGradient', 'PreventGradient', 'Snapshot', 'DebugIdentity', 'CopyHost', 'Copy'],
    ...['RefIdentity', 'EnsureShape', 'Print', 'CheckNumerics', 'CheckNumericsV2'],
  ])('%s', async (op) => {
    const x = tensor('FLOAT', [2, 2], [1.5, NAN, -0, LOW]);
    const expected = { dtype: 'FLOAT', shape: [2, 2], values: [1.5, NAN, -0, LOW] };
    const shape = { shape: attr.shape(-1, 2) };
    expect(await oneOutput(op, [x], shape)).toEqual(expected);
    expect(await oneOutput(op, [fixed(x)], shape)).toEqual(expected);
  });

  test('IdentityN, each of several with its own dtype', async () => {
    const [x, y] = [tensor('FLOAT', [2], [1, 2]), tensor('INT64', [1], [7])];
    expect(await runOp('IdentityN', [x, y], {}, 2)).toEqual([
      { dtype: 'FLOAT', shape: [2], values: [1, 2] },
      { dtype: 'INT64', shape: [1], values: [7] },
    ]);
  });
});

test('a placeholder with a default has it unless it is fed', async () => {
  const nodes: TfNode[] = [
    constant('default', 'float', [2], [1, 2]),
    {
      name: 'p',
      op: 'PlaceholderWithDefault',
      input: ['default'],
      attr: { dtype: attr.type('float'), shape: attr.shape(-1) },
    },
    placeholder('x', 'float', [-1]),
    { name: 'y', op: 'AddV2', input: ['p', 'x'], attr: { T: attr.type('float') } },
  ];
  const x = tensor('FLOAT', [2], [10, 20]);
  const p = tensor('FLOAT', [2], [5, 6]);
  expect((await runGraph(nodes, { x }, 'y'))[0]?.values).toEqual([11, 22]);
  expect((await runGraph(nodes, { x, p }, 'y'))[0]?.values).toEqual([15, 26]);
});

test.each(['PrintV2', 'Assert', 'NoOp'])('%s does nothing to what waits for it', async (op) => {
  const nodes: TfNode[] = [
    placeholder('x', 'float', [-1]),
    constant('text', 'string', [], [Buffer.from('x is odd')]),
    { name: 'first', op, input: op === 'NoOp' ? [] : ['text'] },
    { name: 'y', op: 'Neg', input: ['x', '^first'], attr: { T: attr.type('float') } },
  ];
  const [y] = await runGraph(nodes, { x: tensor('FLOAT', [2], [1, 2]) }, 'y');
  expect(y?.values).toEqual([-1, -2]);
});

describe('as many as another value has', () => {
  test.each(['FLOAT', 'DOUBLE', 'INT32', 'INT64', 'INT8', 'UINT8', 'INT16', 'BOOL'] as const)(
    'ones and zeros of %s',
    async (dtype) => {
      const x = tensor(dtype, [2, 1], [0, 1]);
      const like = (values: number[]) => ({ dtype, shape: [2, 1], values });
      expect(await oneOutput('OnesLike', [x])).toEqual(like([1, 1]));
      expect(await oneOutput('ZerosLike', [x])).toEqual(like([0, 0]));
    },
  );

  test('none of nothing, one of a scalar', async () => {
    const none = await oneOutput('OnesLike', [tensor('FLOAT', [0, 3], [])]);
    expect(none).toEqual({ dtype: 'FLOAT', shape: [0, 3], values: [] });
    expect((await oneOutput('OnesLike', [tensor('INT32', [], [9])])).values).toEqual([1]);
  });

  test.each([
    ['OnesLike', 'a string is no number'],
    ['ZerosLike', 'strings have no zero'],
  ])('%s of strings is refused', async (op, why) => {
    await expect(oneOutput(op, [tensor('STRING', [1], ['a'])])).rejects.toThrow(
      `ERR TF op '${op}' (node 'out') cannot be lowered: ${why}`,
    );
  });
});

test('the shapes of several values, in the integers that are asked for', async () => {
  const values = [tensor('FLOAT', [2, 3], new Array(6).fill(0)), tensor('FLOAT', [0], [])];
  for (const [type, dtype] of [
    ['int32', 'INT32'],
    ['int64', 'INT64'],
  ] as const) {
    expect(await runOp('ShapeN', values, { out_type: attr.type(type) }, 2)).toEqual([
      { dtype, shape: [2], values: [2, 3] },
      { dtype, shape: [1], values: [0] },
    ]);
  }
});

test.each(['Transpose', 'ConjugateTranspose'])('%s of real numbers', async (op) => {
  const x = tensor('INT32', [2, 1, 3], [1, 2, 3, 4, 5, 6]);
  const seen = await oneOutput(op, [x, fixed(tensor('INT32', [3], [2, 0, 1]))]);
  expect(seen).toEqual({ dtype: 'INT32', shape: [3, 2, 1], values: [1, 4, 2, 5, 3, 6] });
});

describe.each([
  ['Pack', 'Unpack'],
  ['Stack', 'Unstack'],
])('%s and %s', (pack, unpack) => {
  test.each([
    [0, [2, 2], [1, 2, 3, 4]],
    [1, [2, 2], [1, 3, 2, 4]],
    [-1, [2, 2], [1, 3, 2, 4]],
  ])('along axis %i', async (axis, shape, values) => {
    const parts = [tensor('FLOAT', [2], [1, 2]), tensor('FLOAT', [2], [3, 4])];
    const attributes = { axis: attr.int(axis), N: attr.int(2), num: attr.int(2) };
    expect(await oneOutput(pack, parts, attributes)).toEqual({ dtype: 'FLOAT', shape, values });
    expect(await runOp(unpack, [tensor('FLOAT', shape, values)], attributes, 2)).toEqual([
      { dtype: 'FLOAT', shape: [2], values: [1, 2] },
      { dtype: 'FLOAT', shape: [2], values: [3, 4] },
    ]);
  });
});

describe('LinSpace', () => {
  // Number i is start + i (stop - start) / (count - 1); the last one is stop itself.
  test.each([
    [0, 1, 5, [0, 0.25, 0.5, 0.75, 1]],
    [3, -1, 3, [3, 1, -1]],
    [5, 9, 1, [5]],
    [2, 2, 2, [2, 2]],
  ])('from %d to %d, %i numbers', async (start, stop, count, values) => {
    for (const dtype of ['FLOAT', 'DOUBLE'] as const) {
      const operands = [tensor(dtype, [], [start]), tensor(dtype, [], [stop])];
      const expected = { dtype, shape: [count], values };
      const num = tensor('INT32', [], [count]);
      expect(await oneOutput('LinSpace', [...operands, num])).toEqual(expected);
      expect(await oneOutput('LinSpace', [...operands, fixed(num)])).toEqual(expected);
    }
  });

  // In float 41 times 1/41 is not 1.
  test.each([42, 48, 124])(
    'ends where it was told to, whatever the step is rounded to: %i',
    async (count) => {
      const [start, stop] = [tensor('FLOAT', [], [0]), tensor('FLOAT', [], [1])];
      const { values } = await oneOutput('LinSpace', [start, stop, tensor('INT32', [], [count])]);
      expect([values[0], values.at(-1)]).toEqual([0, 1]);
    },
  );

  test('of no numbers is refused', async () => {
    const operands = [0, 1].map((end) => tensor('FLOAT', [], [end]));
    await expect(oneOutput('LinSpace', [...operands, fixed(tensor('INT32', [], [0]))])).rejects.toThrow(
      "ERR TF op 'LinSpace' (node 'out') cannot be lowered: it is asked for no numbers",
    );
  });
});

test('an op of floats alone refuses others before it runs', async () => {
  const nodes: TfNode[] = [
    placeholder('x', 'int32', [-1]),
    { name: 'y', op: 'CheckNumerics', input: ['x'], attr: { T: attr.type('int32') } },
  ];
  await expect(open(graphDef(...nodes), ['x'], ['y'])).rejects.toThrow(
    "ERR TF op 'CheckNumerics' with dtype int32 (node 'y') is not supported",
  );
});
