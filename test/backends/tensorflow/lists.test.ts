import { describe, expect, test } from 'vitest';
import {
  type FunctionSpec,
  frame,
  functionNamed,
  graphWithFunctions,
  node,
  of,
  runBytes,
} from '../../support/tensorflow-control-flow.ts';
import {
  type Attr,
  attr,
  constant,
  graphDef,
  open,
  placeholder,
  runGraph,
  seen,
  type TfNode,
  type TfType,
  tensor,
} from '../../support/tensorflow-graphs.ts';

const floats = (...values: number[]) => tensor('FLOAT', [values.length], values);
const number = (value: number) => tensor('INT32', [], [value]);
const int = of('int32');
const x = placeholder('x', 'float', [-1, 2]);
const rows = tensor('FLOAT', [3, 2], [1, 2, 3, 4, 5, 6]);
const ints = (name: string, ...values: number[]) => constant(name, 'int32', [values.length], values);
const scalar = (name: string, value: number) => constant(name, 'int32', [], [value]);
const element = { element_dtype: attr.type('float') };
const unknownShape: Attr = { shape: { unknownRank: true } };

function array(name: string, size: string, more: Record<string, Attr> = {}): TfNode {
  const attributes = { dtype: attr.type('float'), element_shape: unknownShape, ...more };
  return { name, op: 'TensorArrayV3', input: [size], attr: attributes };
}
const write = (name: string, from: string, index: string, value: string, flow = `${from}:1`) =>
  node('TensorArrayWriteV3', name, [from, index, value, flow]);
const gather = (name: string, from: string, indices: string, flow: string, more: Record<string, Attr> = {}) =>
  node('TensorArrayGatherV3', name, [from, indices, flow], { dtype: attr.type('float'), ...more });

describe('an array of TensorFlow 1', () => {
  const shaped = { element_shape: attr.shape(2) };
  const indices = [scalar('0', 0), scalar('1', 1), scalar('2', 2), scalar('3', 3), ints('all', 0, 1, 2)];
  const values = [constant('a', 'float', [2], [1, 2]), constant('b', 'float', [2], [3, 4])];
  const fed = [placeholder('i', 'int32', []), placeholder('j', 'int32', []), ...indices, ...values];

  test('takes what is written to it in any order; what never was is zeros', async () => {
    const nodes = [
      ...[...fed, array('t', '3', shaped)],
      ...[write('t1', 't', 'i', 'a'), write('t2', 't', 'j', 'b', 't1')],
      ...[gather('y', 't', 'all', 't2'), node('TensorArraySizeV3', 'size', ['t', 't2'])],
      node('TensorArrayReadV3', 'first', ['t', '0', 't2'], { dtype: attr.type('float') }),
    ];
    const feeds = { i: number(2), j: number(0) };
    expect(await runGraph(nodes, feeds, 'y', 'size', 'first')).toEqual([
      { dtype: 'FLOAT', shape: [3, 2], values: [3, 4, 0, 0, 1, 2] },
      { dtype: 'INT32', shape: [], values: [3] },
      { dtype: 'FLOAT', shape: [2], values: [3, 4] },
    ]);
  });

  test('that may grow does so when it is written behind its end', async () => {
    const nodes = [
      ...[...fed, array('t', '1', { ...shaped, dynamic_size: attr.bool(true) })],
      ...[write('t1', 't', 'i', 'a'), write('t2', 't', 'j', 'b', 't1')],
      node('TensorArraySizeV3', 'size', ['t', 't2']),
      ...[scalar('step', 1), node('Range', 'range', ['0', 'size', 'step'], { Tidx: attr.type('int32') })],
      gather('y', 't', 'range', 't2'),
    ];
    const [y, size] = await runGraph(nodes, { i: number(3), j: number(1) }, 'y', 'size');
    expect(y).toEqual({ dtype: 'FLOAT', shape: [4, 2], values: [0, 0, 3, 4, 0, 0, 1, 2] });
    expect(size?.values).toEqual([4]);
  });

  test.each([
    ['in order', [0, 1, 2], [1, 2, 3, 4, 5, 6]],
    ['in another order', [2, 0, 1], [3, 4, 5, 6, 1, 2]],
  ])('takes the rows of a tensor %s', async (_, order, expected) => {
    const nodes = [
      ...[x, ...indices, ints('order', ...order), array('t', '3')],
      node('TensorArrayScatterV3', 's', ['t', 'order', 'x', 't:1']),
      gather('y', 't', 'all', 's'),
      node('TensorArrayReadV3', 'second', ['t', '1', 's'], { dtype: attr.type('float') }),
    ];
    const [y, second] = await runGraph(nodes, { x: rows }, 'y', 'second');
    expect(y).toEqual({ dtype: 'FLOAT', shape: [3, 2], values: expected });
    expect(second?.values).toEqual(expected.slice(2, 4));
  });

  test('that is larger than the rows it takes has zeros behind them', async () => {
    const nodes = [
      ...[x, ...indices, scalar('5', 5), array('t', '5')],
      node('TensorArrayScatterV3', 's', ['t', 'all', 'x', 't:1']),
      ...[ints('last', 4, 2), gather('y', 't', 'last', 's')],
    ];
    const [y] = await runGraph(nodes, { x: rows }, 'y');
    expect(y).toEqual({ dtype: 'FLOAT', shape: [2, 2], values: [0, 0, 5, 6] });
  });

  test('is split from a tensor and joined again', async () => {
    const nodes = [
      ...[x, ...indices, constant('lengths', 'int64', [2], [1, 2]), array('t', '2')],
      node('TensorArraySplitV3', 's', ['t', 'x', 'lengths', 't:1']),
      node('TensorArrayReadV3', 'second', ['t', '1', 's'], { dtype: attr.type('float') }),
      node('TensorArrayConcatV3', 'all_of_it', ['t', 's'], { dtype: attr.type('float') }),
    ];
    expect(await runGraph(nodes, { x: rows }, 'second', 'all_of_it', 'all_of_it:1')).toEqual([
      { dtype: 'FLOAT', shape: [2, 2], values: [3, 4, 5, 6] },
      { dtype: 'FLOAT', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
      { dtype: 'INT64', shape: [2], values: [1, 2] },
    ]);
  });

  test.each([0, 3])('is read and written by a loop of %i rounds', async (count) => {
    const nodes = [
      ...[
        x,
        scalar('zero', 0),
        scalar('one', 1),
        node('Shape', 'shape', ['x']),
        ints('first', 0),
        ints('next', 1),
      ],
      node('StridedSlice', 'n', ['shape', 'first', 'next', 'next'], {
        ...int,
        shrink_axis_mask: attr.int(1),
      }),
      ...[array('in', 'n'), array('out', 'n', shaped)],
      node('Range', 'range', ['zero', 'n', 'one'], { Tidx: attr.type('int32') }),
      node('TensorArrayScatterV3', 'filled', ['in', 'range', 'x', 'in:1']),
      ...frame({
        name: 'loop',
        variables: { i: { from: 'zero', dtype: 'int32' }, out: { from: 'out:1' } },
        constants: { in: 'in', filled: 'filled', array: 'out', n: 'n' },
        condition: [node('Less', 'loop/less', ['loop/i/merge', 'loop/n'], int)],
        body: [
          node('TensorArrayReadV3', 'loop/row', ['loop/in', 'loop/i', 'loop/filled'], {
            dtype: attr.type('float'),
          }),
          node('Square', 'loop/squared', ['loop/row']),
          write('loop/written', 'loop/array', 'loop/i', 'loop/squared', 'loop/out'),
          node('AddV2', 'loop/i1', ['loop/i', 'one'], int),
        ],
        next: { i: 'loop/i1', out: 'loop/written' },
      }),
      node('TensorArraySizeV3', 'size', ['out', 'loop/out/exit']),
      node('Range', 'all', ['zero', 'size', 'one'], { Tidx: attr.type('int32') }),
      gather('y', 'out', 'all', 'loop/out/exit', shaped),
    ];
    const given = tensor('FLOAT', [count, 2], [1, 2, 3, 4, 5, 6].slice(0, 2 * count));
    const [y] = await runGraph(nodes, { x: given }, 'y');
    const values = [1, 4, 9, 16, 25, 36].slice(0, 2 * count);
    expect(y).toEqual({ dtype: 'FLOAT', shape: [count, 2], values });
  });
});

describe('a list', () => {
  const reserve = (name: string, shape: string, size: string, dtype: TfType = 'float') =>
    node('TensorListReserve', name, [shape, size], { element_dtype: attr.type(dtype) });
  const set = (name: string, list: string, index: string, value: string, more: Record<string, Attr> = {}) =>
    node('TensorListSetItem', name, [list, index, value], { ...element, ...more });
  const stack = (name: string, list: string, shape = 'shape') =>
    node('TensorListStack', name, [list, shape], { ...element, num_elements: attr.int(-1) });
  const base = [
    ints('shape', 2),
    ints('any', -1),
    scalar('0', 0),
    scalar('1', 1),
    scalar('2', 2),
    scalar('3', 3),
  ];
  const values = [constant('a', 'float', [2], [1, 2]), constant('b', 'float', [2], [3, 4])];
  const i = placeholder('i', 'int32', []);

  test('that is reserved is zeros until it is written', async () => {
    const nodes = [
      ...[...base, ...values, i, reserve('l', 'shape', '3'), set('l1', 'l', 'i', 'a')],
      ...[stack('before', 'l'), stack('after', 'l1'), node('TensorListLength', 'length', ['l1'])],
      node('TensorListGetItem', 'item', ['l1', '0', 'shape'], element),
      node('TensorListGetItem', 'unwritten', ['l', '0', 'shape'], element),
    ];
    expect(await runGraph(nodes, { i: number(1) }, 'before', 'after', 'length', 'item', 'unwritten')).toEqual(
      [
        { dtype: 'FLOAT', shape: [3, 2], values: [0, 0, 0, 0, 0, 0] },
        { dtype: 'FLOAT', shape: [3, 2], values: [0, 0, 1, 2, 0, 0] },
        { dtype: 'INT32', shape: [], values: [3] },
        { dtype: 'FLOAT', shape: [2], values: [0, 0] },
        { dtype: 'FLOAT', shape: [2], values: [0, 0] },
      ],
    );
  });

  test('of elements of an unknown size is stacked when all were written, and an error in a run else', async () => {
    const nodes = [
      ...[
        ...base,
        ...values,
        i,
        reserve('l', 'any', '2'),
        set('l1', 'l', 'i', 'a'),
        set('l2', 'l1', '1', 'b'),
      ],
      stack('y', 'l2', 'any'),
    ];
    const [y] = await runGraph(nodes, { i: number(0) }, 'y');
    expect(y).toEqual({ dtype: 'FLOAT', shape: [2, 2], values: [1, 2, 3, 4] });
    await expect(runGraph(nodes, { i: number(1) }, 'y')).rejects.toThrow('Inconsistent shape');
  });

  test('has elements put at its end, and taken from there', async () => {
    const nodes = [
      ...[...base, ...values, node('EmptyTensorList', 'l', ['shape', '0'], element)],
      ...[
        node('TensorListPushBack', 'l1', ['l', 'a'], element),
        node('TensorListPushBack', 'l2', ['l1', 'b'], element),
      ],
      ...[
        node('TensorListPopBack', 'pop', ['l2', 'shape'], element),
        stack('all', 'l2'),
        stack('rest', 'pop'),
      ],
      ...[
        stack('none', 'l'),
        node('TensorListElementShape', 'of', ['l'], { shape_type: attr.type('int32') }),
      ],
    ];
    expect(await runGraph([...nodes, i], { i: number(0) }, 'all', 'pop:1', 'rest', 'none', 'of')).toEqual([
      { dtype: 'FLOAT', shape: [2, 2], values: [1, 2, 3, 4] },
      { dtype: 'FLOAT', shape: [2], values: [3, 4] },
      { dtype: 'FLOAT', shape: [1, 2], values: [1, 2] },
      { dtype: 'FLOAT', shape: [0, 2], values: [] },
      { dtype: 'INT32', shape: [1], values: [2] },
    ]);
  });

  test.each<[string, number[], number[], string]>([
    ['sizes', [2], [3], 'Inconsistent shape'],
    ['sizes, one of them 0', [0], [2], 'Inconsistent shape'],
    ['ranks', [2], [2, 3], 'Inconsistent shape'],
    ['ranks, one of them empty', [0], [2, 3], 'Inconsistent shape'],
  ])('whose elements differ in their %s is not stacked', async (_, first, second, reason) => {
    const nodes = [
      ...[...base, scalar('minus', -1), node('EmptyTensorList', 'l', ['minus', '0'], element)],
      ...[placeholder('u', 'float'), placeholder('v', 'float')],
      ...[
        node('TensorListPushBack', 'l1', ['l', 'u'], element),
        node('TensorListPushBack', 'l2', ['l1', 'v'], element),
      ],
      stack('y', 'l2', 'minus'),
    ];
    const given = (shape: number[]) =>
      tensor('FLOAT', shape, new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1));
    await expect(runGraph(nodes, { u: given(first), v: given(second) }, 'y')).rejects.toThrow(reason);
  });

  test.each<[number[], number[], number[] | undefined]>([
    [
      [0, 3],
      [2, 3],
      [2, 3],
    ],
    [
      [1, 3],
      [2, 3],
      [3, 3],
    ],
    [
      [0, 3],
      [0, 3],
      [0, 3],
    ],
    [[1, 2], [2, 3], undefined],
    [[3], [2, 3], undefined],
    [[0], [2, 3], undefined],
  ])('is joined where only the first dimensions differ: %j, %j', async (first, second, joined) => {
    const nodes = [
      ...[...base, scalar('minus', -1), node('EmptyTensorList', 'l', ['minus', '0'], element)],
      ...[placeholder('u', 'float'), placeholder('v', 'float'), constant('none', 'int64', [0], [])],
      ...[
        node('TensorListPushBack', 'l1', ['l', 'u'], element),
        node('TensorListPushBack', 'l2', ['l1', 'v'], element),
      ],
      node('TensorListConcatV2', 'y', ['l2', 'minus', 'none'], element),
    ];
    const given = (shape: number[]) =>
      tensor('FLOAT', shape, new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1));
    const out = runGraph(nodes, { u: given(first), v: given(second) }, 'y');
    if (joined === undefined) await expect(out).rejects.toThrow();
    else expect((await out)[0]).toEqual(seen(given(joined)));
  });

  test('is made of the rows of a tensor, and of parts of it', async () => {
    const nodes = [
      ...[...base, x, i, node('TensorListFromTensor', 'l', ['x', 'shape'], element)],
      ...[stack('same', 'l'), node('TensorListGetItem', 'item', ['l', 'i', 'shape'], element)],
      ...[node('TensorListLength', 'length', ['l']), ints('picked', 2, 0)],
      node('TensorListGather', 'gathered', ['l', 'picked', 'shape'], element),
      ...[constant('lengths', 'int64', [2], [2, 1]), ints('part', -1, 2)],
      node('TensorListSplit', 'parts', ['x', 'part', 'lengths'], element),
      constant('none', 'int64', [0], []),
      node('TensorListConcatV2', 'joined', ['parts', 'part', 'none'], element),
    ];
    const outputs = ['same', 'item', 'length', 'gathered', 'joined', 'joined:1'];
    expect(await runGraph(nodes, { x: rows, i: number(1) }, ...outputs)).toEqual([
      { dtype: 'FLOAT', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
      { dtype: 'FLOAT', shape: [2], values: [3, 4] },
      { dtype: 'INT32', shape: [], values: [3] },
      { dtype: 'FLOAT', shape: [2, 2], values: [5, 6, 1, 2] },
      { dtype: 'FLOAT', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] },
      { dtype: 'INT64', shape: [2], values: [2, 1] },
    ]);
  });

  test('takes rows where indices say, and as many elements as it is told', async () => {
    const nodes = [
      ...[...base, x, i, ints('at', 3, 0, 1), ints('at2', 1, 0, 2), scalar('minus', -1), scalar('6', 6)],
      node('TensorListScatter', 'v1', ['x', 'at', 'shape'], element),
      node('TensorListScatterV2', 'v2', ['x', 'at', 'shape', '6'], element),
      node('TensorListScatterV2', 'v2any', ['x', 'at', 'shape', 'minus'], element),
      ...[reserve('l', 'shape', '3'), set('l1', 'l', '0', 'nines'), constant('nines', 'float', [2], [9])],
      ...[ints('last', 2, 1), placeholder('two', 'float', [2, 2])],
      node('TensorListScatterIntoExistingList', 'into', ['l1', 'two', 'last'], element),
      ...[stack('a', 'v1'), stack('b', 'v2'), stack('c', 'v2any'), stack('d', 'into')],
    ];
    const two = tensor('FLOAT', [2, 2], [1, 2, 3, 4]);
    const outs = await runGraph(nodes, { x: rows, i: number(0), two }, 'a', 'b', 'c', 'd');
    expect(outs.map(({ values }) => values)).toEqual([
      [3, 4, 5, 6, 0, 0, 1, 2],
      [3, 4, 5, 6, 0, 0, 1, 2, 0, 0, 0, 0],
      [3, 4, 5, 6, 0, 0, 1, 2],
      [9, 9, 3, 4, 1, 2],
    ]);
  });

  test('is made longer or shorter, and longer by being written where it may', async () => {
    const resize = (name: string, size: string) => node('TensorListResize', name, ['l1', size]);
    const grows = { resize_if_index_out_of_bounds: attr.bool(true) };
    const nodes = [
      ...[...base, ...values, i, reserve('l', 'shape', '2'), set('l1', 'l', '1', 'a')],
      ...[resize('shorter', '1'), resize('longer', '3'), set('written', 'l1', 'i', 'b', grows)],
      ...[stack('s', 'shorter'), stack('t', 'longer'), stack('u', 'written')],
    ];
    const outs = await runGraph(nodes, { i: number(3) }, 's', 't', 'u');
    expect(outs.map(({ values }) => values)).toEqual([
      [0, 0],
      [0, 0, 1, 2, 0, 0],
      [0, 0, 1, 2, 0, 0, 3, 4],
    ]);
  });

  test.each<[TfType, 'DOUBLE' | 'INT32' | 'INT64' | 'BOOL', number[]]>([
    ['double', 'DOUBLE', [0.1, 2]],
    ['int32', 'INT32', [-7, 2]],
    ['int64', 'INT64', [2 ** 40, 2]],
    ['bool', 'BOOL', [1, 0]],
  ])('has elements of %s', async (type, dtype, numbers) => {
    const typed = { element_dtype: attr.type(type) };
    const nodes = [
      ...[...base, placeholder('v', type, [2]), reserve('l', 'shape', '2', type)],
      ...[
        node('TensorListSetItem', 'l1', ['l', '1', 'v'], typed),
        node('TensorListStack', 'y', ['l1', 'shape'], typed),
      ],
    ];
    const [y] = await runGraph(nodes, { v: tensor(dtype, [2], numbers) }, 'y');
    expect(y).toEqual({ dtype, shape: [2, 2], values: [0, 0, ...numbers] });
  });

  test('is taken round by a loop of functions, which others only read', async () => {
    // y[i] = sum of x[0] to x[i]
    const given = { i: 'int32', n: 'int32', sum: 'float', out: 'float', all: 'float' } as const;
    const goesOn: FunctionSpec = {
      name: 'goes_on',
      arguments: given,
      results: { r: ['less:z:0', 'bool'] },
      nodes: [node('Less', 'less', ['i', 'n'], int)],
    };
    const body: FunctionSpec = {
      name: 'body',
      arguments: given,
      results: {
        i: ['next:z:0', 'int32'],
        n: ['n', 'int32'],
        sum: ['more:z:0', 'float'],
        out: ['set:output_handle:0', 'float'],
        all: ['all', 'float'],
      },
      nodes: [
        ...[scalar('one', 1), ints('shape', 2)],
        node('AddV2', 'next', ['i', 'one:output:0'], int),
        node('TensorListGetItem', 'row', ['all', 'i', 'shape:output:0'], element),
        node('AddV2', 'more', ['sum', 'row:item:0']),
        set('set', 'out', 'i', 'more:z:0'),
      ],
    };
    const nodes = [
      ...[...base, x, constant('sum', 'float', [2], [0]), node('Shape', 'size', ['x'])],
      node('StridedSlice', 'n', ['size', 'first', 'next', 'next'], { ...int, shrink_axis_mask: attr.int(1) }),
      ...[ints('first', 0), ints('next', 1), reserve('l', 'shape', 'n')],
      node('TensorListFromTensor', 'all', ['x', 'shape'], element),
      node('While', 'loop', ['0', 'n', 'sum', 'l', 'all'], {
        cond: functionNamed('goes_on'),
        body: functionNamed('body'),
      }),
      stack('y', 'loop:3'),
    ];
    const blob = graphWithFunctions(nodes, [goesOn, body]);
    const [y] = await runBytes(blob, { x: rows }, 'y');
    expect(y).toEqual({ dtype: 'FLOAT', shape: [3, 2], values: [1, 2, 4, 6, 9, 12] });
    const [none] = await runBytes(blob, { x: tensor('FLOAT', [0, 2], []) }, 'y');
    expect(none).toEqual({ dtype: 'FLOAT', shape: [0, 2], values: [] });
  });

  test('comes out of a branch', async () => {
    const attributes = { then_branch: functionNamed('written'), else_branch: functionNamed('plain') };
    const written: FunctionSpec = {
      name: 'written',
      arguments: { l: 'float', v: 'float' },
      results: { r: ['set:output_handle:0', 'float'] },
      nodes: [scalar('one', 1), set('set', 'l', 'one:output:0', 'v')],
    };
    const plain: FunctionSpec = { ...written, name: 'plain', results: { r: ['l', 'float'] }, nodes: [] };
    const nodes = [
      ...[...base, ...values, placeholder('p', 'bool', []), reserve('l', 'shape', '2')],
      ...[node('If', 'chosen', ['p', 'l', 'a'], attributes), stack('y', 'chosen')],
    ];
    const blob = graphWithFunctions(nodes, [written, plain]);
    const out = async (p: number) => (await runBytes(blob, { p: tensor('BOOL', [], [p]) }, 'y'))[0]?.values;
    expect([await out(1), await out(0)]).toEqual([
      [0, 0, 1, 2],
      [0, 0, 0, 0],
    ]);
  });

  test('is no output, and nothing else is one', async () => {
    const nodes = [...base, x, node('TensorListFromTensor', 'l', ['x', 'shape'], element)];
    await expect(open(graphDef(...nodes), ['x'], ['l'])).rejects.toThrow(
      'ERR Output node named "l" not found in TF graph',
    );
    const length = node('TensorListLength', 'y', ['x']);
    await expect(open(graphDef(...nodes, length), ['x'], ['y'])).rejects.toThrow(
      "ERR TF op 'TensorListLength' (node 'y') cannot be lowered: its input 0 is no list",
    );
    const strings = reserve('s', 'shape', '2', 'string');
    await expect(open(graphDef(...nodes, strings, stack('y', 's')), ['x'], ['y'])).rejects.toThrow(
      "ERR TF op 'TensorListReserve' with dtype string (node 's') is not supported",
    );
  });
});

test('the sum of 300 rounds over an array is exact', async () => {
  const nodes = [
    ...[placeholder('x', 'float', [-1]), scalar('zero', 0), scalar('one', 1), scalar('n', 300)],
    array('out', 'n'),
    ...frame({
      name: 'loop',
      variables: { i: { from: 'zero', dtype: 'int32' }, out: { from: 'out:1' }, x: { from: 'x' } },
      constants: { array: 'out', n: 'n' },
      condition: [node('Less', 'loop/less', ['loop/i/merge', 'loop/n'], int)],
      body: [
        node('AddV2', 'loop/x2', ['loop/x', 'loop/x']),
        node('Mul', 'loop/half', ['loop/x2', 'half']),
        write('loop/written', 'loop/array', 'loop/i', 'loop/half', 'loop/out'),
        node('AddV2', 'loop/i1', ['loop/i', 'one'], int),
      ],
      next: { i: 'loop/i1', out: 'loop/written', x: 'loop/half' },
    }),
    ...[
      constant('half', 'float', [], [0.5]),
      ints('axes', 0),
      node('Range', 'all', ['zero', 'n', 'one'], int),
    ],
    ...[gather('stacked', 'out', 'all', 'loop/out/exit'), node('Sum', 'y', ['stacked', 'axes'])],
  ];
  const [y] = await runGraph(nodes, { x: floats(1, 2) }, 'y');
  expect(y).toEqual({ dtype: 'FLOAT', shape: [2], values: [300, 600] });
});
