import { describe, expect, test } from 'vitest';
import {
  bool,
  exported,
  float,
  int,
  ints,
  node,
  none,
  type ProgramNode,
  refusal,
  runArchive,
  symInt,
  tensor,
  tensors,
} from '../../support/exported-programs.ts';
import { tensor as values } from '../../support/tensorflow-graphs.ts';
import { distance, TOLERANCE } from '../../support/torch-cases.ts';

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

/** Ops that came after torch 1.13, and what they are by definition: ops that libtorch's numbers are there for. */
const EQUAL: Record<
  string,
  [shapes: Record<string, number[]>, op: string, inputs: Inputs, outputs: number, by: ProgramNode[]]
> = {
  'a batch norm': [
    { x: [2, 3, 4], w: [3], b: [3], m: [3], v: [3] },
    '_native_batch_norm_legit_no_training.default',
    {
      ...{ input: tensor('x'), weight: tensor('w'), bias: tensor('b'), running_mean: tensor('m') },
      ...{ running_var: tensor('v'), momentum: float(0.1), eps: float(2) },
    },
    3,
    [
      node('y', 'native_batch_norm.default', {
        ...{ input: tensor('x'), weight: tensor('w'), bias: tensor('b'), running_mean: tensor('m') },
        ...{ running_var: tensor('v'), training: bool(false), momentum: float(0.1), eps: float(2) },
      }),
    ].map((one) => ({ ...one, outputs: ['y', 'y1', 'y2'] })),
  ],
  'a norm of instances': [
    { x: [1, 3, 4] },
    '_native_batch_norm_legit.no_stats',
    {
      input: tensor('x'),
      weight: none,
      bias: none,
      training: bool(true),
      momentum: float(0.1),
      eps: float(1e-5),
    },
    3,
    [
      node('y', 'instance_norm.default', {
        ...{ input: tensor('x'), weight: none, bias: none, running_mean: none, running_var: none },
        ...{
          use_input_stats: bool(true),
          momentum: float(0.1),
          eps: float(1e-5),
          cudnn_enabled: bool(false),
        },
      }),
    ],
  ],
  'a root mean square norm': [
    { x: [2, 5], w: [5] },
    'rms_norm.default',
    { input: tensor('x'), normalized_shape: ints(5), weight: tensor('w'), eps: float(0.25) },
    1,
    [
      node('squares', 'mul.Tensor', { self: tensor('x'), other: tensor('x') }),
      node('mean', 'mean.dim', { self: tensor('squares'), dim: ints(-1), keepdim: bool(true) }),
      node('shifted', 'add.Scalar', { self: tensor('mean'), other: float(0.25) }),
      node('scale', 'rsqrt.default', { self: tensor('shifted') }),
      node('normal', 'mul.Tensor', { self: tensor('x'), other: tensor('scale') }),
      node('y', 'mul.Tensor', { self: tensor('normal'), other: tensor('w') }),
    ],
  ],
  'a fused root mean square norm': [
    { x: [2, 5] },
    '_fused_rms_norm.default',
    { input: tensor('x'), normalized_shape: ints(5), weight: none, eps: none },
    2,
    [
      node('size', 'linalg_vector_norm.default', {
        self: tensor('x'),
        ord: int(2),
        dim: ints(-1),
        keepdim: bool(true),
      }),
      node('part', 'div.Tensor', { self: tensor('x'), other: tensor('size') }),
      node('y', 'mul.Scalar', { self: tensor('part'), other: float(Math.sqrt(5)) }),
    ],
  ],
  'a softmax of rows without anything': [
    { x: [2, 3] },
    '_safe_softmax.default',
    { self: tensor('x'), dim: int(-1) },
    1,
    [node('y', 'softmax.int', { self: tensor('x'), dim: int(-1) })],
  ],
  'a copy of a view': [
    { x: [2, 3] },
    'transpose_copy.int',
    { self: tensor('x'), dim0: int(0), dim1: int(1) },
    1,
    [node('y', 't.default', { self: tensor('x') })],
  ],
};

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
const CAUSAL = [
  node('ones', 'ones_like.default', { self: tensor('scaled') }),
  node('upper', 'triu.default', { self: tensor('ones'), diagonal: int(1) }),
  node('above', 'gt.Scalar', { self: tensor('upper'), other: int(0) }),
  node('masked', 'masked_fill.Scalar', {
    self: tensor('scaled'),
    mask: tensor('above'),
    value: float(-1e30),
  }),
];
const ADDED = [node('masked', 'add.Tensor', { self: tensor('scaled'), other: tensor('m') })];
Object.assign(EQUAL, {
  'attention on CPUs': [
    QKV,
    '_scaled_dot_product_flash_attention_for_cpu.default',
    { ...GIVEN, dropout_p: float(0), is_causal: bool(true) },
    2,
    attention(CAUSAL),
  ],
  'attention on CPUs with a mask': [
    { ...QKV, m: [3, 3] },
    '_scaled_dot_product_flash_attention_for_cpu.default',
    { ...GIVEN, attn_mask: tensor('m'), scale: float(0.25) },
    2,
    attention(ADDED, 0.25),
  ],
  'attention exported on a GPU': [QKV, '_scaled_dot_product_flash_attention.default', GIVEN, 9, attention()],
  'attention exported on another GPU': [
    { ...QKV, m: [3, 3] },
    '_scaled_dot_product_efficient_attention.default',
    { ...GIVEN, attn_bias: tensor('m'), compute_log_sumexp: bool(false) },
    4,
    attention(ADDED),
  ],
} satisfies typeof EQUAL);

describe('an op that came after torch 1.13', () => {
  test.each(Object.keys(EQUAL))('is what it is by definition: %s', async (name) => {
    const [shapes, op, inputs, count, by] = EQUAL[name] as NonNullable<(typeof EQUAL)[string]>;
    const names = Array.from({ length: count }, (_, i) => `result${i}`);
    const positive =
      'v' in shapes && op.includes('batch_norm') ? [node('v', 'exp.default', { self: tensor('v') })] : [];
    const [result, expected] = await outputsOf(
      shapes,
      [...positive, node(names, op, inputs), ...by],
      ['result0', 'y'],
    );
    if (result === undefined || expected === undefined) throw new Error('an output is missing');
    expect(result.shape).toEqual(expected.shape);
    expect(distance(result.elements, expected.elements)).toBeLessThan(TOLERANCE);
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

  test('rows of which nothing is let through give zeros', async () => {
    const [result] = await outputsOf(
      { x: [2, 2] },
      [
        node('none', 'full_like.default', { self: tensor('x'), fill_value: { as_float: '-Infinity' } }),
        node('y', '_safe_softmax.default', { self: tensor('none'), dim: int(1) }),
      ],
      ['y'],
    );
    expect(result?.elements).toEqual([0, 0, 0, 0]);
  });

  test('sizes, strides and assertions are no tensors', async () => {
    const number = (name: string, op: string, inputs: Inputs) => ({
      ...node(name, op, inputs),
      outputs: [symInt(name)],
    });
    const silent = (op: string, inputs: Inputs) => ({ ...node('', op, inputs), outputs: [] });
    const [result] = await outputsOf(
      { x: [2, 3, 4] },
      [
        number('all', 'sym_numel.default', { self: tensor('x') }),
        number('stride', 'sym_stride.int', { self: tensor('x'), dim: int(0) }),
        number('offset', 'sym_storage_offset.default', { self: tensor('x') }),
        silent('_assert_tensor_metadata.default', {
          ...{ a: tensor('x'), size: none, stride: none, dtype: { as_scalar_type: 7 } },
          ...{ device: { as_device: { type: 'cpu', index: null } }, layout: { as_layout: 7 } },
        }),
        silent('_assert_scalar.default', { self: symInt('all'), assert_msg: { as_string: 'no elements' } }),
        silent('sym_constrain_range_for_size.default', { size: symInt('all'), min: int(0), max: none }),
        node('sum', 'sum.default', { self: tensor('x') }),
        number('total', '_local_scalar_dense.default', { self: tensor('sum') }),
        node('y', 'full.default', {
          size: { as_sym_ints: [{ as_name: 'stride' }] },
          fill_value: symInt('all'),
        }),
        node('z', 'add.Tensor', { self: tensor('y'), other: symInt('total') }),
        node('end', 'sub.Tensor', { self: tensor('z'), other: tensor('sum') }),
      ],
      ['end'],
    );
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
