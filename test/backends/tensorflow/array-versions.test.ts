import { describe, expect, test } from 'vitest';
import { node, of } from '../../support/tensorflow-control-flow.ts';
import {
  type Attr,
  attr,
  constant,
  placeholder,
  runGraph,
  type TfNode,
  tensor,
} from '../../support/tensorflow-graphs.ts';

/** The names of one version; the first two had no flow of their own, and graphs began it with a number. */
const VERSIONS = [
  {
    make: 'TensorArray',
    size: 'TensorArraySize',
    read: 'TensorArrayRead',
    write: 'TensorArrayWrite',
    gather: 'TensorArrayGather',
    scatter: 'TensorArrayScatter',
    concat: 'TensorArrayConcat',
    split: 'TensorArraySplit',
    close: 'TensorArrayClose',
    flow: 'zero',
  },
  {
    make: 'TensorArrayV2',
    size: 'TensorArraySizeV2',
    read: 'TensorArrayReadV2',
    write: 'TensorArrayWriteV2',
    gather: 'TensorArrayGatherV2',
    scatter: 'TensorArrayScatterV2',
    concat: 'TensorArrayConcatV2',
    split: 'TensorArraySplitV2',
    close: 'TensorArrayCloseV2',
    flow: 'zero',
  },
  {
    make: 'TensorArrayV3',
    size: 'TensorArraySizeV3',
    read: 'TensorArrayReadV3',
    write: 'TensorArrayWriteV3',
    gather: 'TensorArrayGatherV3',
    scatter: 'TensorArrayScatterV3',
    concat: 'TensorArrayConcatV3',
    split: 'TensorArraySplitV3',
    close: 'TensorArrayCloseV3',
    flow: 't:1',
  },
] as const;

const float = { dtype: attr.type('float') };
const unknown: Attr = { shape: { unknownRank: true } };
const number = (name: string, value: number) => constant(name, 'int32', [], [value]);
const base: TfNode[] = [
  ...[number('0', 0), number('1', 1), number('2', 2), constant('zero', 'float', [], [0])],
  constant('order', 'int32', [2], [1, 0]),
  constant('lengths', 'int64', [2], [1, 2]),
  placeholder('x', 'float', [-1, 2]),
];
const rows = tensor('FLOAT', [2, 2], [1, 2, 3, 4]);
const array = (op: string, more: Record<string, Attr> = {}): TfNode => ({
  ...{ name: 't', op, input: ['2'] },
  attr: { ...float, element_shape: unknown, ...more },
});

describe.each(VERSIONS)('$make', (ops) => {
  test('is written, counted, read, gathered and closed', async () => {
    const nodes = [
      ...[...base, array(ops.make, { element_shape: attr.shape(2) })],
      constant('a', 'float', [2], [5, 6]),
      placeholder('b', 'float', [2]),
      node(ops.write, 'w1', ['t', '1', 'a', ops.flow]),
      node(ops.write, 'w2', ['t', '0', 'b', 'w1']),
      node(ops.size, 'size', ['t', 'w2']),
      node(ops.read, 'second', ['t', '1', 'w2'], float),
      node(ops.close, 'closed', ['t']),
      node(ops.gather, 'turned', ['t', 'order', 'w2', '^closed'], float),
    ];
    const feeds = { b: tensor('FLOAT', [2], [7, 8]) };
    expect(await runGraph(nodes, feeds, 'size', 'second', 'turned')).toEqual([
      { dtype: 'INT32', shape: [], values: [2] },
      { dtype: 'FLOAT', shape: [2], values: [5, 6] },
      { dtype: 'FLOAT', shape: [2, 2], values: [5, 6, 7, 8] },
    ]);
  });

  test('is scattered into', async () => {
    const nodes = [
      ...[...base, array(ops.make)],
      node(ops.scatter, 's', ['t', 'order', 'x', ops.flow]),
      node(ops.read, 'first', ['t', '0', 's'], float),
      node(ops.size, 'size', ['t', 's']),
    ];
    expect(await runGraph(nodes, { x: rows }, 'first', 'size')).toEqual([
      { dtype: 'FLOAT', shape: [2], values: [3, 4] },
      { dtype: 'INT32', shape: [], values: [2] },
    ]);
  });

  test('is split from a tensor and joined again', async () => {
    const nodes = [
      ...[...base, array(ops.make)],
      node(ops.split, 's', ['t', 'x', 'lengths', ops.flow]),
      node(ops.read, 'second', ['t', '1', 's'], float),
      node(ops.concat, 'all', ['t', 's'], float),
    ];
    const x = tensor('FLOAT', [3, 2], [1, 2, 3, 4, 5, 6]);
    expect(await runGraph(nodes, { x }, 'second', 'all', 'all:1')).toEqual([
      { dtype: 'FLOAT', shape: [2, 2], values: [3, 4, 5, 6] },
      { dtype: 'FLOAT', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
      { dtype: 'INT64', shape: [2], values: [1, 2] },
    ]);
  });
});

test('the first version takes all rows at once, and gives them', async () => {
  const nodes = [
    ...[...base, array('TensorArray')],
    node('TensorArrayUnpack', 'u', ['t', 'x', 'zero']),
    node('TensorArrayRead', 'second', ['t', '1', 'u'], float),
    node('TensorArrayWrite', 'w', ['t', '0', 'second', 'u']),
    node('TensorArrayPack', 'all', ['t', 'w'], float),
  ];
  expect(await runGraph(nodes, { x: rows }, 'second', 'all')).toEqual([
    { dtype: 'FLOAT', shape: [2], values: [3, 4] },
    { dtype: 'FLOAT', shape: [2, 2], values: [3, 4, 3, 4] },
  ]);
});

describe.each(['TensorListConcat', 'TensorListConcatV2'])('%s', (op) => {
  const element = { element_dtype: attr.type('float') };
  const shape = op === 'TensorListConcat' ? [] : ['any'];
  test('joins elements of different lengths, and tells them', async () => {
    const nodes = [
      ...[...base, constant('any', 'int32', [2], [-1, 2]), constant('leading', 'int64', [1], [-1])],
      node('TensorListSplit', 'l', ['x', 'any', 'lengths'], element),
      node(op, 'y', ['l', ...shape, 'leading'], { ...element, element_shape: attr.shape(-1, 2) }),
    ];
    const x = tensor('FLOAT', [3, 2], [1, 2, 3, 4, 5, 6]);
    expect(await runGraph(nodes, { x }, 'y', 'y:1')).toEqual([
      { dtype: 'FLOAT', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
      { dtype: 'INT64', shape: [2], values: [1, 2] },
    ]);
  });
});

describe('ToBool', () => {
  const predicate = (dtype: 'FLOAT' | 'INT32' | 'BOOL', shape: number[], values: number[]) =>
    [tensor(dtype, shape, values), dtype, shape, values] as const;
  test.each([
    [...predicate('FLOAT', [], [0.5]), 1],
    [...predicate('FLOAT', [], [0]), 0],
    [...predicate('INT32', [], [-1]), 1],
    [...predicate('BOOL', [], [0]), 0],
    // What is no scalar is true where it is not empty, whatever is in it.
    [...predicate('FLOAT', [1], [0]), 1],
    [...predicate('INT32', [0], []), 0],
  ])('of %#: %s %j %j', async (x, dtype, _shape, _values, expected) => {
    const type = ({ FLOAT: 'float', INT32: 'int32', BOOL: 'bool' } as const)[dtype];
    const nodes = [placeholder('x', type, x.shape), node('ToBool', 'y', ['x'], of(type))];
    expect(await runGraph(nodes, { x }, 'y')).toEqual([{ dtype: 'BOOL', shape: [], values: [expected] }]);
  });
});
