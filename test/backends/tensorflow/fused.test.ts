import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../scripts/onnx-builder.ts';
import type { Tensor } from '../../../src/tensors/tensor.ts';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import {
  type Attr,
  attr,
  constant,
  fixed,
  placeholder,
  runGraph,
  runOp,
  seen,
  type TfNode,
  tensor,
} from '../../support/tensorflow-graphs.ts';

const random = seededRandom(5);
const noise = (...shape: number[]) =>
  tensor(
    'FLOAT',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() * 2 - 1),
  );
const positive = (size: number) =>
  tensor(
    'FLOAT',
    [size],
    Array.from({ length: size }, () => random() + 0.5),
  );
const T = { T: attr.type('float') };

/** One op after the other, the first with the operands, each following with the result and what is listed for it. */
async function steps(
  feeds: Record<string, Tensor>,
  ...chain: { op: string; input: string[]; attr?: Record<string, Attr> }[]
) {
  const nodes: TfNode[] = chain.map(({ op, input, attr: attributes }, n) => ({
    name: `step${n}`,
    op,
    input,
    attr: { ...T, ...attributes },
  }));
  const constants = Object.entries(feeds)
    .filter(([name]) => name !== 'x')
    .map(([name, value]) => constant(name, 'float', value.shape, seen(value).values));
  const x = feeds.x as Tensor;
  const [result] = await runGraph(
    [placeholder('x', 'float', [...x.shape]), ...constants, ...nodes],
    { x },
    `step${chain.length - 1}`,
  );
  return result as NonNullable<typeof result>;
}

const texts = (...list: string[]): Attr => ({ list: { s: list.map((text) => Buffer.from(text)) } });
const strides = { strides: attr.ints(1, 2, 2, 1), padding: attr.text('SAME') };

describe('what the optimizer of graphs fuses gives what the parts give', () => {
  const [x, w, bias] = [noise(2, 5, 6, 3), noise(3, 3, 3, 4), noise(4)];
  test.each(['Relu', 'Relu6', 'Elu', 'Tanh', 'Sigmoid', 'LeakyRelu'])(
    'Conv2D, BiasAdd and %s',
    async (activation) => {
      const parts = await steps(
        { x, w, bias },
        { op: 'Conv2D', input: ['x', 'w'], attr: strides },
        { op: 'BiasAdd', input: ['step0', 'bias'] },
        { op: activation, input: ['step1'], attr: { alpha: attr.float(0.3) } },
      );
      const attributes = {
        ...strides,
        fused_ops: texts('BiasAdd', activation),
        num_args: attr.int(1),
        leakyrelu_alpha: attr.float(0.3),
      };
      expectClose(await oneOutput('_FusedConv2D', [x, fixed(w), fixed(bias)], attributes), parts);
    },
  );

  test('Conv2D and FusedBatchNorm, channels last and first', async () => {
    const [scale, offset, mean, variance] = [positive(4), noise(4), noise(4), positive(4)];
    const parts = await steps(
      { x, w, scale, offset, mean, variance },
      { op: 'Conv2D', input: ['x', 'w'], attr: strides },
      {
        op: 'FusedBatchNorm',
        input: ['step0', 'scale', 'offset', 'mean', 'variance'],
        attr: { epsilon: attr.float(0.01), is_training: attr.bool(false) },
      },
      { op: 'Relu', input: ['step1'] },
    );
    const attributes = {
      ...strides,
      fused_ops: texts('FusedBatchNorm', 'Relu'),
      num_args: attr.int(4),
      epsilon: attr.float(0.01),
    };
    const parameters = [scale, offset, mean, variance].map(fixed);
    expectClose(await oneOutput('_FusedConv2D', [x, fixed(w), ...parameters], attributes), parts);
    const turn = (value: Tensor, perm: number[]) =>
      oneOutput('Transpose', [value, fixed(tensor('INT32', [4], perm))]);
    const first = await turn(x, [0, 3, 1, 2]);
    const firstAttributes = { ...attributes, data_format: attr.text('NCHW'), strides: attr.ints(1, 1, 2, 2) };
    const y = await oneOutput(
      '_FusedConv2D',
      [tensor('FLOAT', first.shape, first.values), fixed(w), ...parameters],
      firstAttributes,
    );
    expectClose(await turn(tensor('FLOAT', y.shape, y.values), [0, 2, 3, 1]), parts);
  });

  test('a depthwise convolution', async () => {
    const [each, six] = [noise(3, 3, 3, 2), noise(6)];
    const parts = await steps(
      { x, each, six },
      { op: 'DepthwiseConv2dNative', input: ['x', 'each'], attr: strides },
      { op: 'BiasAdd', input: ['step0', 'six'] },
      { op: 'Relu6', input: ['step1'] },
    );
    const attributes = { ...strides, fused_ops: texts('BiasAdd', 'Relu6'), num_args: attr.int(1) };
    expectClose(
      await oneOutput('_FusedDepthwiseConv2dNative', [x, fixed(each), fixed(six)], attributes),
      parts,
    );
  });

  test('a product of matrices', async () => {
    const [a, b] = [noise(4, 3), noise(5, 3)];
    const five = noise(5);
    const flips = { transpose_b: attr.bool(true) };
    const parts = await steps(
      { x: a, b, five },
      { op: 'MatMul', input: ['x', 'b'], attr: flips },
      { op: 'BiasAdd', input: ['step0', 'five'] },
      { op: 'Tanh', input: ['step1'] },
    );
    const attributes = { ...flips, fused_ops: texts('BiasAdd', 'Tanh'), num_args: attr.int(1) };
    expectClose(await oneOutput('_FusedMatMul', [a, fixed(b), fixed(five)], attributes), parts);
  });

  test('a normalization with something added', async () => {
    const [scale, offset, mean, variance, side] = [
      positive(3),
      noise(3),
      noise(3),
      positive(3),
      noise(2, 5, 6, 3),
    ];
    const parts = await steps(
      { x, scale, offset, mean, variance, side },
      {
        op: 'FusedBatchNormV3',
        input: ['x', 'scale', 'offset', 'mean', 'variance'],
        attr: { is_training: attr.bool(false) },
      },
      { op: 'AddV2', input: ['step0', 'side'] },
      { op: 'Relu', input: ['step1'] },
    );
    const attributes = {
      is_training: attr.bool(false),
      activation_mode: attr.text('Relu'),
      num_side_inputs: attr.int(1),
    };
    const inputs = [x, ...[scale, offset, mean, variance, side].map(fixed)];
    expectClose((await runOp('_FusedBatchNormEx', inputs, attributes, 2))[0] as never, parts);
  });

  test.each(['REFLECT', 'SYMMETRIC'])(
    'padding that mirrors (%s), with resizing and without',
    async (mode) => {
      const paddings = tensor('INT32', [4, 2], [0, 0, 1, 2, 2, 1, 0, 0]);
      const valid = { strides: attr.ints(1, 1, 1, 1), padding: attr.text('VALID') };
      const run = async (value: Tensor) => {
        const padded = await oneOutput('MirrorPad', [value, fixed(paddings)], { mode: attr.text(mode) });
        return oneOutput('Conv2D', [tensor('FLOAT', padded.shape, padded.values), fixed(w)], valid);
      };
      const attributes = { ...valid, mode: attr.text(mode) };
      expectClose(
        await oneOutput('FusedPadConv2D', [x, fixed(paddings), fixed(w)], attributes),
        await run(x),
      );
      const size = fixed(tensor('INT32', [2], [7, 4]));
      const resized = await oneOutput('ResizeBilinear', [x, size], { align_corners: attr.bool(true) });
      const fused = await oneOutput('FusedResizeAndPadConv2D', [x, size, fixed(paddings), fixed(w)], {
        ...attributes,
        resize_align_corners: attr.bool(true),
      });
      expectClose(fused, await run(tensor('FLOAT', resized.shape, resized.values)));
    },
  );

  test('what is not known is refused by name', async () => {
    const attributes = { ...strides, fused_ops: texts('BiasAdd', 'Gauss'), num_args: attr.int(1) };
    await expect(oneOutput('_FusedConv2D', [x, fixed(w), fixed(bias)], attributes)).rejects.toThrow(
      "ERR TF op '_FusedConv2D' (node 'out') cannot be lowered: it does not know Gauss among its fused_ops",
    );
  });
});
