import { describe, expect, test } from 'vitest';
import { tensorBytes } from '../../../src/tensors/tensor.ts';
import {
  attr,
  constant,
  graphDef,
  graphDefWith,
  open,
  placeholder,
  runGraph,
  savedModel,
  seen,
  type TfNode,
  type TfType,
  tensor,
} from '../../support/tensorflow-graphs.ts';

const float = attr.type('float');
const unary = (op: string, name: string, input: string): TfNode => ({
  name,
  op,
  input: [input],
  attr: { T: float },
});
const add = (name: string, ...input: string[]): TfNode => ({ name, op: 'AddV2', input, attr: { T: float } });
const x = placeholder('x', 'float', [-1]);
const one = (...values: number[]) => tensor('FLOAT', [values.length], values);

describe('a graph is refused', () => {
  const refused = (blob: Uint8Array, inputs: string[], outputs: string[]) =>
    open(blob, inputs, outputs).then(
      () => 'it was not',
      (error: Error) => error.message,
    );

  test.each<[string, Uint8Array, string]>([
    ['bytes that are none', Buffer.from([0x0a, 0xff, 0x01]), 'Invalid GraphDef'],
    ['a SavedModel without one', Buffer.from([0x08, 0x01]), 'Invalid GraphDef'],
    ['no bytes', new Uint8Array(0), 'ERR Input node named "x" not found in TF graph.'],
    ['an edge from nowhere', graphDef(x, add('y', 'x', 'gone')), "Node 'y': Unknown input node 'gone'"],
    [
      'an edge of control from nowhere',
      graphDef(x, add('y', 'x', 'x', '^gone')),
      "Node 'y': Unknown input node 'gone'",
    ],
    ['a name given twice', graphDef(x, x), "Node 'x' is not unique"],
    ['no such output', graphDef(x), 'ERR Output node named "y" not found in TF graph'],
    [
      'a variable',
      graphDef(x, { name: 'w', op: 'VariableV2' }, add('y', 'x', 'w')),
      "ERR TF variable 'w' has no value: freeze the graph first",
    ],
    [
      'an input that nobody feeds',
      graphDef(x, placeholder('z', 'int64'), add('y', 'x', 'z')),
      "You must feed a value for placeholder tensor 'z' with dtype int64",
    ],
    [
      'an op that is not known',
      graphDef(x, unary('Frobnicate', 'y', 'x')),
      "ERR TF op 'Frobnicate' (node 'y') is not supported",
    ],
    [
      'several, each named once',
      graphDef(x, unary('Foo', 'a', 'x'), unary('Foo', 'b', 'a'), unary('Bar', 'y', 'b')),
      "ERR TF op 'Bar' (node 'y'), op 'Foo' (node 'b' and 1 more) are not supported",
    ],
    [
      'a dtype that the op does not know here',
      graphDef(x, { ...unary('Erf', 'y', 'x'), attr: { T: attr.type('double') } }),
      "ERR TF op 'Erf' with dtype double (node 'y') is not supported",
    ],
    [
      'an output that is not there',
      graphDef(x, unary('Neg', 'a', 'x'), unary('Neg', 'y', 'a:1')),
      "ERR TF op 'Neg' (node 'a') cannot be lowered: it has no output 1",
    ],
    [
      'a cycle',
      graphDef(x, add('y', 'x', 'y')),
      "ERR TF op 'AddV2' (node 'y') cannot be lowered: it needs its own output",
    ],
    [
      'a constant with too few bytes',
      graphDef(x, {
        name: 'y',
        op: 'Const',
        attr: {
          value: {
            tensor: { dtype: 1, tensorShape: { dim: [{ size: 3 }] }, tensorContent: Buffer.alloc(8) },
          },
        },
      }),
      "ERR TF op 'Const' (node 'y') cannot be lowered: a tensor of shape [3] with 8 bytes",
    ],
    [
      'an axis that only a run tells',
      graphDef(x, { name: 'y', op: 'ConcatV2', input: ['x', 'x', 'x'], attr: { T: float } }),
      "ERR TF op 'ConcatV2' (node 'y') cannot be lowered: its axis has to be constant, and only a run tells it",
    ],
  ])('that has %s', async (_, blob, reason) => {
    expect(await refused(blob, ['x'], ['y'])).toBe(reason);
  });
});

describe('a graph runs', () => {
  test('without what its outputs do not need', async () => {
    const nodes = [x, unary('Frobnicate', 'dead', 'x'), unary('Neg', 'y', 'x')];
    expect((await runGraph(nodes, { x: one(1, 2) }, 'y'))[0]?.values).toEqual([-1, -2]);
  });

  test('with edges of control, which say nothing', async () => {
    const nodes = [x, { name: 'init', op: 'NoOp' }, add('y', 'x', 'x', '^init')];
    expect((await runGraph(nodes, { x: one(1, 2) }, 'y'))[0]?.values).toEqual([2, 4]);
  });

  test('from any node that is fed', async () => {
    const nodes = [x, unary('Frobnicate', 'middle', 'x'), unary('Neg', 'y', 'middle')];
    expect((await runGraph(nodes, { middle: one(3) }, 'y'))[0]?.values).toEqual([-3]);
  });

  test('to any output of a node, an input or a constant, given as often as it is asked for', async () => {
    const split: TfNode = {
      ...{ name: 'parts', op: 'Split', input: ['axis', 'x'] },
      attr: { T: float, num_split: attr.int(2) },
    };
    const nodes = [x, constant('axis', 'int32', [], [0]), split];
    const outs = await runGraph(nodes, { x: one(1, 2, 3, 4) }, 'parts:1', 'parts', 'x', 'x', 'axis');
    expect(outs.map(({ values }) => values)).toEqual([[3, 4], [1, 2], [1, 2, 3, 4], [1, 2, 3, 4], [0]]);
  });

  test('out of a SavedModel', async () => {
    const session = await open(savedModel(x, unary('Neg', 'y', 'x')), ['x'], ['y']);
    expect((await session.run([one(5)])).map(seen)).toEqual([{ dtype: 'FLOAT', shape: [1], values: [-5] }]);
    await session.close();
  });

  test('with more rows than its placeholder declares', async () => {
    const nodes = [placeholder('x', 'float', [1, 2]), unary('Neg', 'y', 'x')];
    const [out] = await runGraph(nodes, { x: tensor('FLOAT', [3, 2], [1, 2, 3, 4, 5, 6]) }, 'y');
    expect(out).toEqual({ dtype: 'FLOAT', shape: [3, 2], values: [-1, -2, -3, -4, -5, -6] });
  });

  test('with a scalar that came as a tensor of one element', async () => {
    const nodes = [x, placeholder('s', 'float', []), add('y', 'x', 's')];
    const [out] = await runGraph(nodes, { x: one(1, 2), s: one(10) }, 'y');
    expect(out).toEqual({ dtype: 'FLOAT', shape: [2], values: [11, 12] });
  });

  test('20,000 nodes deep', async () => {
    const depth = 20_000;
    const nodes = [
      x,
      ...Array.from({ length: depth }, (_, i) => unary('Identity', `n${i}`, i === 0 ? 'x' : `n${i - 1}`)),
    ];
    const [out] = await runGraph(nodes, { x: one(7) }, `n${depth - 1}`);
    expect(out?.values).toEqual([7]);
  });

  test('with a library of functions that nobody calls', async () => {
    const signature = { name: 'f', inputArg: [{ name: 'a', type: 1 }], outputArg: [{ name: 'b', type: 1 }] };
    const unused = { signature, nodeDef: [unary('Frobnicate', 'n', 'a')], ret: { b: 'n:y:0' } };
    const blob = graphDefWith({ node: [x, unary('Neg', 'y', 'x')], library: { function: [unused] } });
    const session = await open(blob, ['x'], ['y']);
    expect((await session.run([one(1)])).map((t) => seen(t).values)).toEqual([[-1]]);
    await session.close();
  });
});

describe('constants of each dtype, the last element repeated', () => {
  test.each<[TfType, unknown[], string, (number | string)[]]>([
    ['float', [1.5, -2], 'FLOAT', [1.5, -2, -2]],
    ['double', [0.1], 'DOUBLE', [0.1, 0.1, 0.1]],
    ['int32', [-7], 'INT32', [-7, -7, -7]],
    ['int16', [-300], 'INT16', [-300, -300, -300]],
    ['int8', [-1, 2], 'INT8', [-1, 2, 2]],
    ['uint8', [255], 'UINT8', [255, 255, 255]],
    ['uint16', [65535], 'UINT16', [65535, 65535, 65535]],
    ['int64', [2 ** 40, -1], 'INT64', [2 ** 40, -1, -1]],
    ['bool', [true, false], 'BOOL', [1, 0, 0]],
    ['string', [Buffer.from('ä'), Buffer.from('')], 'STRING', ['ä', '', '']],
    // By their bits: 1.5 and -2 of 16-bit floats; clients get wider dtypes for what they have no tensors of.
    ['half', [0x3e00, 0xc000], 'FLOAT', [1.5, -2, -2]],
    ['bfloat16', [0x3fc0, 0xc000], 'FLOAT', [1.5, -2, -2]],
    ['uint32', [2 ** 32 - 1], 'INT64', [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1]],
    ['uint64', [9], 'INT64', [9, 9, 9]],
    ['float', [], 'FLOAT', [0, 0, 0]],
  ])('%s', async (type, values, dtype, expected) => {
    const nodes = [x, constant('c', type, [3], values)];
    expect((await runGraph(nodes, { x: one(1) }, 'c'))[0]).toEqual({ dtype, shape: [3], values: expected });
  });

  test('content as bytes, at whatever offset it lies in the file', async () => {
    const content = Buffer.from(Float32Array.of(1, 2, 3).buffer);
    for (const name of ['c', 'cc', 'ccc', 'cccc']) {
      const tensorShape = { dim: [{ size: 3 }] };
      const node = {
        name,
        op: 'Const',
        attr: { value: { tensor: { dtype: 1, tensorShape, tensorContent: content } } },
      };
      expect((await runGraph([x, node], { x: one(1) }, name))[0]?.values).toEqual([1, 2, 3]);
    }
  });
});

test('half comes in and out as FLOAT', async () => {
  const half = attr.type('half');
  const nodes = [
    placeholder('h', 'half', [-1]),
    constant('one', 'half', [], [0x3c00]),
    { name: 'y', op: 'AddV2', input: ['h', 'one'], attr: { T: half } },
  ];
  const [out] = await runGraph(nodes, { h: one(1.5, 1) }, 'y');
  expect(out).toEqual({ dtype: 'FLOAT', shape: [2], values: [2.5, 2] });
});

test('strings pass through with their bytes', async () => {
  const identity = { name: 'y', op: 'Identity', input: ['s'], attr: { T: attr.type('string') } };
  const text = tensor('STRING', [2], ['héllo', '']);
  const session = await open(graphDef(placeholder('s', 'string', [-1]), identity), ['s'], ['y']);
  const [out] = await session.run([text]);
  expect(out && Buffer.from(tensorBytes(out))).toEqual(Buffer.from(tensorBytes(text)));
  await session.close();
});
