import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../scripts/onnx-builder.ts';
import type { Tensor } from '../../../src/tensors/tensor.ts';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import { type Attr, attr, fixed, runOp, type Seen, seen, tensor } from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

const random = seededRandom(7);
const filled = (...shape: number[]): Tensor =>
  tensor(
    'FLOAT',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() * 2 - 1),
  );

/** The same tensor with its dimensions in another order. */
function moved(value: Tensor, perm: readonly number[]): Tensor {
  const { shape, values } = seen(value);
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  const to = perm.map((d) => shape[d] as number);
  const out: number[] = [];
  const walk = (d: number, at: number): void => {
    if (d === perm.length) out.push(values[at] as number);
    else
      for (let i = 0; i < (to[d] as number); i++)
        walk(d + 1, at + i * (strides[perm[d] as number] as number));
  };
  walk(0, 0);
  return tensor('FLOAT', to, out);
}

const spatial = (h: number, w: number): Attr => attr.ints(1, h, w, 1);
const x = filled(2, 7, 6, 3);

describe.each(['SAME', 'VALID'])('padding %s', (padding) => {
  const pad = padding.toLowerCase();

  test.each([
    [1, 1, 1, 1],
    [2, 2, 1, 1],
    [2, 3, 1, 1],
    [1, 1, 2, 2],
    [1, 1, 2, 1],
  ])('Conv2D with strides %d, %d and dilations %d, %d', async (sh, sw, dh, dw) => {
    const filter = filled(3, 2, 3, 4);
    const expected = await kernel(
      'Conv2D',
      { x, filter },
      { strides: [sh, sw], pad, dataFormat: 'NHWC', dilations: [dh, dw] },
    );
    const attributes = { padding: attr.text(padding), strides: spatial(sh, sw), dilations: spatial(dh, dw) };
    expectClose(await oneOutput('Conv2D', [x, fixed(filter)], attributes), expected);
    const dynamic = oneOutput('Conv2D', [x, filter], attributes);
    if (padding === 'SAME' && dh > 1)
      await expect(dynamic).rejects.toThrow(/its dilated filters has to be known$/);
    else expectClose(await dynamic, expected);
    const first = await oneOutput('Conv2D', [moved(x, [0, 3, 1, 2]), fixed(filter)], {
      ...{ padding: attr.text(padding), data_format: attr.text('NCHW') },
      ...{ strides: attr.ints(1, 1, sh, sw), dilations: attr.ints(1, 1, dh, dw) },
    });
    const back = moved(tensor('FLOAT', first.shape, first.values as number[]), [0, 2, 3, 1]);
    expectClose(seen(back), expected);
  });

  test.each([1, 2])('DepthwiseConv2dNative with stride %d', async (stride) => {
    const filter = filled(3, 3, 3, 2);
    const expected = await kernel(
      'DepthwiseConv2dNative',
      { x, filter },
      { strides: [stride, stride], pad, dataFormat: 'NHWC', dilations: [1, 1] },
    );
    const attributes = { padding: attr.text(padding), strides: spatial(stride, stride) };
    expectClose(await oneOutput('DepthwiseConv2dNative', [x, fixed(filter)], attributes), expected);
  });

  test.each([
    ['MaxPool', 2, 2],
    ['MaxPool', 3, 1],
    ['AvgPool', 2, 2],
    ['AvgPool', 3, 2],
  ])('%s of %d with stride %d', async (op, size, stride) => {
    const options = { filterSize: [size, size], strides: [stride, stride], pad, dataFormat: 'NHWC' };
    const attributes = {
      padding: attr.text(padding),
      ksize: spatial(size, size),
      strides: spatial(stride, stride),
    };
    expectClose(await oneOutput(op, [x], attributes), await kernel(op, { x }, options));
  });

  test.each([
    [1, [6, 5]],
    [2, [11, 9]],
    [2, [12, 10]],
    [3, [16, 14]],
  ])('Conv2DBackpropInput with stride %d to %j', async (stride, size) => {
    const filter = filled(3, 2, 2, 3);
    const [h, w] = size as [number, number];
    const span = (s: number, k: number) =>
      padding === 'SAME' ? Math.ceil(s / stride) : Math.ceil((s - k + 1) / stride);
    const dy = filled(2, span(h, 3), span(w, 2), 3);
    const expected = await kernel(
      'Conv2DBackpropInput',
      { dy, filter },
      { inputShape: [2, h, w, 2], strides: [stride, stride], pad, dataFormat: 'NHWC' },
    );
    const sizes = tensor('INT32', [4], [2, h, w, 2]);
    const attributes = {
      T: attr.type('float'),
      padding: attr.text(padding),
      strides: spatial(stride, stride),
    };
    expectClose(
      await oneOutput('Conv2DBackpropInput', [fixed(sizes), fixed(filter), dy], attributes),
      expected,
    );
    expectClose(await oneOutput('Conv2DBackpropInput', [sizes, fixed(filter), dy], attributes), expected);
  });
});

test('explicit paddings are those of each side', async () => {
  const filter = filled(2, 2, 3, 1);
  const padded = await oneOutput('Pad', [x, fixed(tensor('INT32', [4, 2], [0, 0, 1, 0, 2, 3, 0, 0]))]);
  const valid = { padding: attr.text('VALID'), strides: spatial(1, 1) };
  const expected = await oneOutput(
    'Conv2D',
    [tensor('FLOAT', padded.shape, padded.values), fixed(filter)],
    valid,
  );
  const explicit = attr.ints(0, 0, 1, 0, 2, 3, 0, 0);
  expectClose(
    await oneOutput('Conv2D', [x, fixed(filter)], {
      ...{ padding: attr.text('EXPLICIT'), explicit_paddings: explicit, strides: spatial(1, 1) },
    }),
    expected,
  );
});

test('filters with fewer channels than the image convolve its groups apart', async () => {
  // Two groups of one channel and one filter each: out[c] = x[c] * w[c].
  const image = tensor('FLOAT', [1, 1, 2, 2], [1, 10, 2, 20]);
  const filter = tensor('FLOAT', [1, 1, 1, 2], [3, 5]);
  const attributes = { padding: attr.text('VALID'), strides: spatial(1, 1) };
  const nodes = await oneOutput('Conv2D', [fixed(image), fixed(filter)], attributes);
  expect(nodes).toEqual({ dtype: 'FLOAT', shape: [1, 1, 2, 2], values: [3, 50, 6, 100] });
});

describe('FusedBatchNorm', () => {
  const [scale, offset, mean, variance] = [
    tensor('FLOAT', [3], [1, 2, 0.5]),
    tensor('FLOAT', [3], [0, -1, 3]),
    tensor('FLOAT', [3], [0.1, 0.2, -0.3]),
    tensor('FLOAT', [3], [1, 0.5, 2]),
  ];

  test('with given statistics, in both layouts', async () => {
    const given = { x, scale, offset, mean, variance };
    const expected = await kernel('FusedBatchNorm', given, { varianceEpsilon: 0.01 });
    const attributes = { epsilon: attr.float(0.01), is_training: attr.bool(false) };
    const parameters = [scale, offset, mean, variance].map(fixed);
    expectClose(await oneOutput('FusedBatchNormV3', [x, ...parameters], attributes), expected);
    const first = await oneOutput('FusedBatchNorm', [moved(x, [0, 3, 1, 2]), ...parameters], {
      ...attributes,
      data_format: attr.text('NCHW'),
    });
    const back = moved(tensor('FLOAT', first.shape, first.values as number[]), [0, 2, 3, 1]);
    expectClose(seen(back), expected);
  });

  test('in training computes them from the batch and gives them, the variance unbiased', async () => {
    // Two samples of one channel: mean 2, variance 1, unbiased 2.
    const batch = tensor('FLOAT', [2, 1, 1, 1], [1, 3]);
    const one = (value: number) => fixed(tensor('FLOAT', [1], [value]));
    const operands = [batch, one(10), one(5), one(0), one(0)];
    const outs = await runOp('FusedBatchNormV3', operands, { epsilon: attr.float(0) }, 3);
    expect(outs.map(({ values }) => values)).toEqual([[-5, 15], [2], [2]]);
  });
});

test('LRN divides by what is around each channel', async () => {
  const expected = await kernel('LRN', { x }, { depthRadius: 1, bias: 1.5, alpha: 0.7, beta: 0.6 });
  const attributes = {
    ...{ depth_radius: attr.int(1), bias: attr.float(1.5), alpha: attr.float(0.7), beta: attr.float(0.6) },
  };
  expectClose(await oneOutput('LRN', [x], attributes), expected);
});

test('Softmax and LogSoftmax go over the last dimension', async () => {
  const logits = filled(2, 3, 4);
  expectClose(await oneOutput('Softmax', [logits]), await kernel('Softmax', { logits }, { dim: -1 }));
  const { shape, values } = await kernel('Softmax', { logits }, { dim: -1 });
  const logs = { shape, values: values.map((p) => Math.log(p as number)) };
  expectClose(await oneOutput('LogSoftmax', [logits]), logs);
});

test('BiasAdd adds to the channels of its layout', async () => {
  const value = tensor('FLOAT', [1, 2, 1, 2], [1, 2, 3, 4]);
  const bias = tensor('FLOAT', [2], [10, 20]);
  const values = async (format: string): Promise<Seen['values']> =>
    (await oneOutput('BiasAdd', [value, bias], { data_format: attr.text(format) })).values;
  expect(await values('NHWC')).toEqual([11, 22, 13, 24]);
  expect(await values('NCHW')).toEqual([11, 12, 23, 24]);
});

describe('products of matrices', () => {
  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('MatMul and BatchMatMul, transposed %s, %s', async (ta, tb) => {
    const a = ta ? filled(4, 3) : filled(3, 4);
    const b = tb ? filled(5, 4) : filled(4, 5);
    const flags = { transpose_a: attr.bool(ta), transpose_b: attr.bool(tb) };
    const batched = (t: Tensor): Tensor => tensor('FLOAT', [1, ...t.shape], seen(t).values);
    const expected = await kernel(
      'BatchMatMul',
      { a: batched(a), b: batched(b) },
      { transposeA: ta, transposeB: tb },
    );
    expectClose(await oneOutput('MatMul', [a, b], flags), { ...expected, shape: [3, 5] });
    const adjoint = { adj_x: attr.bool(ta), adj_y: attr.bool(tb) };
    expectClose(await oneOutput('BatchMatMul', [batched(a), batched(b)], adjoint), expected);
    expectClose(await oneOutput('BatchMatMulV2', [batched(a), b], adjoint), expected);
  });

  test('of integers', async () => {
    const a = tensor('INT32', [2, 2], [1, 2, 3, 4]);
    expect((await oneOutput('MatMul', [a, a])).values).toEqual([7, 10, 15, 22]);
  });
});

test.each(['MaxPool', 'AvgPool'])('%s with a window that is wider than the image is refused', async (op) => {
  const x = tensor('FLOAT', [1, 3, 3, 16], new Array(144).fill(1));
  const window = {
    ksize: attr.ints(1, 4, 4, 1),
    strides: attr.ints(1, 1, 1, 1),
    padding: attr.text('VALID'),
  };
  await expect(runOp(op, [fixed(x)], window)).rejects.toThrow(
    `ERR TF op '${op}' (node 'out') cannot be lowered: its window [4,4] is wider than its image [3,3]`,
  );
});
