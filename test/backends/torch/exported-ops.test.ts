import { describe, expect, test } from 'vitest';
import { distance } from '../../../scripts/torch-models/cases.ts';
import {
  bool,
  exported,
  float,
  int,
  ints,
  node,
  none,
  type Program,
  type ProgramNode,
  refusal,
  runArchive,
  symInt,
  symInts,
  tensor,
  tensors,
} from '../../support/exported-programs.ts';
import { tensor as values } from '../../support/tensorflow-graphs.ts';
import { TOLERANCE } from '../../support/torch-cases.ts';

/** Elements that are no pattern, the same each time. */
function some(shape: readonly number[], seed: number): number[] {
  return Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
    Math.fround(Math.sin(12.9 * i + 7 * seed)),
  );
}

/** The outputs of some nodes on vectors without a pattern. */
async function outputsOf(
  shapes: Readonly<Record<string, readonly number[]>>,
  nodes: readonly ProgramNode[],
  outputs: readonly string[],
) {
  const program = {
    inputs: Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape }])),
    nodes,
    outputs,
  };
  const inputs = Object.values(shapes).map((shape, i) => values('FLOAT', shape, some(shape, i)));
  const [results = []] = await runArchive(exported(program), inputs);
  return results.map(({ shape, values: elements }) => ({ shape, elements: elements as number[] }));
}

type Inputs = ProgramNode['inputs'];

/** Attention, by what torch says that scaled_dot_product_attention is. */
function attention(mask?: ProgramNode[], scale = 0.5): ProgramNode[] {
  return [
    node('turned', 'transpose.int', { self: tensor('k'), dim0: int(-2), dim1: int(-1) }),
    node('scores', 'matmul.default', { self: tensor('q'), other: tensor('turned') }),
    node('scaled', 'mul.Scalar', { self: tensor('scores'), other: float(scale) }),
    ...(mask ?? [node('masked', 'alias.default', { self: tensor('scaled') })]),
    node('weights', 'softmax.int', { self: tensor('masked'), dim: int(-1) }),
    node('y', 'matmul.default', { self: tensor('weights'), other: tensor('v') }),
  ];
}
const QKV = { q: [1, 2, 3, 4], k: [1, 2, 3, 4], v: [1, 2, 3, 4] };
const GIVEN = { query: tensor('q'), key: tensor('k'), value: tensor('v') };
const ADDED = [node('masked', 'add.Tensor', { self: tensor('scaled'), other: tensor('m') })];
/** Attention as torch exports it where there is a GPU; the other forms are in the programs that torch itself gives the results of. */
const ATTENTION: Record<
  string,
  [shapes: Record<string, number[]>, op: string, inputs: Inputs, outputs: number, by: ProgramNode[]]
> = {
  'attention exported on a GPU': [QKV, '_scaled_dot_product_flash_attention.default', GIVEN, 9, attention()],
  'attention exported on a newer GPU': [
    QKV,
    '_scaled_dot_product_cudnn_attention.default',
    { ...GIVEN, attn_bias: none, compute_log_sumexp: bool(false) },
    9,
    attention(),
  ],
  'attention exported on another GPU': [
    { ...QKV, m: [3, 3] },
    '_scaled_dot_product_efficient_attention.default',
    { ...GIVEN, attn_bias: tensor('m'), compute_log_sumexp: bool(false) },
    4,
    attention(ADDED),
  ],
};

describe('an op of exported programs', () => {
  test.each(Object.keys(ATTENTION))('is what torch says that it is: %s', async (name) => {
    const [shapes, op, inputs, count, by] = ATTENTION[name] as NonNullable<(typeof ATTENTION)[string]>;
    const names = Array.from({ length: count }, (_, i) => `result${i}`);
    const [result, expected] = await outputsOf(shapes, [node(names, op, inputs), ...by], ['result0', 'y']);
    if (result === undefined || expected === undefined) throw new Error('an output is missing');
    expect(result.shape).toEqual(expected.shape);
    expect(distance(result.elements, expected.elements)).toBeLessThan(TOLERANCE);
  });

  test('a product takes what an operand was expanded from, where only the batch is repeated', async () => {
    const program = (shape: number[]): Program => ({
      inputs: { x: { shape: ['s0', 1, 2] }, w: { shape } },
      nodes: [
        { ...node('rows', 'sym_size.int', { self: tensor('x'), dim: int(0) }), outputs: [symInt('rows')] },
        node('wide', 'expand.default', { self: tensor('w'), size: symInts('rows', 2, 2) }),
        node('same', 'view.default', { self: tensor('wide'), size: symInts('rows', 2, 2) }),
        node('y', 'bmm.default', { self: tensor('x'), mat2: tensor('same') }),
      ],
      outputs: ['y'],
    });
    const x = values('FLOAT', [3, 1, 2], [1, 0, 0, 1, 1, 1]);
    const product = async (shape: number[], ...elements: number[]) =>
      (await runArchive(exported(program(shape)), [x, values('FLOAT', shape, elements)]))[0]?.[0];
    const whole = { dtype: 'FLOAT', shape: [3, 1, 2], values: [1, 2, 3, 4, 4, 6] };
    expect(await product([2, 2], 1, 2, 3, 4)).toEqual(whole);
    expect(await product([1, 2, 2], 1, 2, 3, 4)).toEqual(whole);
    expect((await product([1, 2], 5, 7))?.values).toEqual([5, 7, 5, 7, 10, 14]);
    expect((await product([2, 1], 5, 7))?.values).toEqual([5, 5, 7, 7, 12, 12]);
  });

  test('an LSTM of one layer for CPUs is one of torch.nn', async () => {
    const shapes = { x: [3, 2, 4], w0: [20, 4], w1: [20, 5], w2: [20], w3: [20], h: [1, 2, 5], c: [1, 2, 5] };
    const layer = (reverse: boolean, x: string, names: string[]) =>
      node(names, 'mkldnn_rnn_layer.default', {
        ...{ input: tensor(x), weight0: tensor('w0'), weight1: tensor('w1'), weight2: tensor('w2') },
        ...{ weight3: tensor('w3'), hx_: tensor('h'), cx_: tensor('c'), reverse: bool(reverse) },
        ...{
          batch_sizes: ints(),
          mode: int(2),
          hidden_size: int(5),
          num_layers: int(1),
          has_biases: bool(true),
        },
        ...{ bidirectional: bool(false), batch_first: bool(false), train: bool(false) },
      });
    const [y, h, c, backward, expected, last, cell] = await outputsOf(
      shapes,
      [
        layer(false, 'x', ['y', 'yh', 'yc', 'workspace']),
        node('flipped', 'flip.default', { self: tensor('x'), dims: ints(0) }),
        layer(true, 'flipped', ['r', 'rh', 'rc', 'space']),
        node('back', 'flip.default', { self: tensor('r'), dims: ints(0) }),
        node(['z', 'zh', 'zc'], 'lstm.input', {
          ...{ input: tensor('x'), hx: tensors('h', 'c'), params: tensors('w0', 'w1', 'w2', 'w3') },
          ...{ has_biases: bool(true), num_layers: int(1), dropout: float(0), train: bool(false) },
          ...{ bidirectional: bool(false), batch_first: bool(false) },
        }),
      ],
      ['y', 'yh', 'yc', 'back', 'z', 'zh', 'zc'],
    );
    expect([y, h, c, backward]).toEqual([expected, last, cell, expected]);
  });

  test('sizes, strides and assertions are no tensors', async () => {
    const number = (name: string, op: string, inputs: Inputs) => ({
      ...node(name, op, inputs),
      outputs: [symInt(name)],
    });
    const silent = (op: string, inputs: Inputs) => ({ ...node('', op, inputs), outputs: [] });
    const [result, room, told] = await outputsOf(
      { x: [2, 3, 4] },
      [
        number('all', 'sym_numel.default', { self: tensor('x') }),
        number('stride', 'sym_stride.int', { self: tensor('x'), dim: int(0) }),
        number('offset', 'sym_storage_offset.default', { self: tensor('x') }),
        {
          ...node('whole', 'sym_is_contiguous.default', { self: tensor('x') }),
          outputs: [{ as_sym_bool: { as_name: 'whole' } }],
        },
        silent('_assert_tensor_metadata.default', {
          ...{ a: tensor('x'), size: none, stride: none, dtype: { as_scalar_type: 7 } },
          ...{ device: { as_device: { type: 'cpu', index: null } }, layout: { as_layout: 7 } },
        }),
        silent('_assert_scalar.default', { self: symInt('all'), assert_msg: { as_string: 'no elements' } }),
        silent('_assert_async.msg', { self: tensor('x'), assert_msg: { as_string: 'nothing' } }),
        silent('sym_constrain_range.default', { size: symInt('all'), min: int(0), max: none }),
        silent('sym_constrain_range_for_size.default', { size: symInt('all'), min: int(0), max: none }),
        node('sum', 'sum.default', { self: tensor('x') }),
        number('total', '_local_scalar_dense.default', { self: tensor('sum') }),
        node('y', 'full.default', {
          size: { as_sym_ints: [{ as_name: 'stride' }] },
          fill_value: symInt('all'),
        }),
        node('z', 'add.Tensor', { self: tensor('y'), other: symInt('total') }),
        node('room', 'new_empty_strided.default', {
          self: tensor('x'),
          size: ints(2, 1),
          stride: ints(1, 1),
        }),
        node('told', 'full.default', {
          ...{ size: ints(1), fill_value: symInt('offset') },
        }),
        node('end', 'sub.Tensor', { self: tensor('z'), other: tensor('sum') }),
      ],
      ['end', 'room', 'told'],
    );
    expect([room?.shape, told?.elements]).toEqual([[2, 1], [0]]);
    expect(result?.shape).toEqual([12]);
    expect(distance(result?.elements ?? [], new Array(12).fill(24))).toBeLessThan(TOLERANCE);
  });

  test.each([
    [
      'an assertion that never holds',
      {
        ...node('', '_assert_scalar.default', { self: bool(false), assert_msg: { as_string: 'x is empty' } }),
        outputs: [],
      },
      'aten::_assert_scalar: x is empty (a node without results)',
    ],
    [
      'a dropout that is in training',
      node(['y', 'mask'], 'native_dropout.default', { input: tensor('x'), p: float(0.5), train: bool(true) }),
      'the module is in training mode: call eval() before it is saved (node y)',
    ],
    [
      'a batch norm that is in training',
      node(['y', 'm', 'v'], '_native_batch_norm_legit.default', {
        ...{
          input: tensor('x'),
          weight: none,
          bias: none,
          running_mean: tensor('x'),
          running_var: tensor('x'),
        },
        ...{ training: bool(true), momentum: float(0.1), eps: float(1e-5) },
      }),
      'the module is in training mode: call eval() before it is saved (node y)',
    ],
  ])('%s is refused', async (_, call, reason) => {
    const alias = node('out', 'alias.default', { self: tensor('x') });
    const program = {
      inputs: { x: { shape: [2, 2] } },
      nodes: [call as ProgramNode, alias],
      outputs: ['out'],
    };
    expect(await refusal(exported(program))).toContain(reason);
  });
});
