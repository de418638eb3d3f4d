import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../scripts/onnx-builder.ts';
import type { Tensor } from '../../../src/tensors/tensor.ts';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import { type Attr, attr, fixed, runOp, tensor } from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

const random = seededRandom(11);
const filled = (...shape: number[]): Tensor =>
  tensor(
    'FLOAT',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() * 2 - 1),
  );
const volume = (d: number, h: number, w: number): Attr => attr.ints(1, d, h, w, 1);
const x = filled(2, 5, 4, 6, 2);

describe.each(['SAME', 'VALID'])('padding %s, as TensorFlow.js has it', (padding) => {
  const pad = padding.toLowerCase();

  test.each([
    [1, 1, 1],
    [2, 1, 2],
    [2, 2, 2],
  ])('Conv3D with strides %d, %d, %d', async (d, h, w) => {
    const filter = filled(2, 3, 2, 2, 3);
    const strides = [d, h, w];
    const options = { strides, pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] };
    const expected = await kernel('Conv3D', { x, filter }, options);
    const attributes = {
      ...{ padding: attr.text(padding), strides: volume(d, h, w), data_format: attr.text('NDHWC') },
    };
    expectClose(await oneOutput('Conv3D', [x, fixed(filter)], attributes), expected);
    expectClose(await oneOutput('Conv3D', [x, filter], attributes), expected);
  });

  test.each([
    ['MaxPool3D', [2, 2, 2], [1, 1, 1]],
    ['MaxPool3D', [3, 2, 3], [2, 2, 3]],
    ['AvgPool3D', [2, 2, 2], [2, 2, 2]],
    ['AvgPool3D', [3, 2, 3], [2, 1, 2]],
  ] as const)('%s of %j with strides %j', async (op, filterSize, strides) => {
    const options = { filterSize: [...filterSize], strides: [...strides], pad, dataFormat: 'NDHWC' };
    const attributes = {
      ...{
        padding: attr.text(padding),
        ksize: attr.ints(1, ...filterSize, 1),
        strides: attr.ints(1, ...strides, 1),
      },
      data_format: attr.text('NDHWC'),
    };
    expectClose(await oneOutput(op, [x], attributes), await kernel(op, { x }, options));
  });
});

test.each(['Conv3D', 'AvgPool3D'])(
  '%s leaves out what lies between windows, without paddings',
  async (op) => {
    // TensorFlow.js pads with less than nothing here. Every third element is all that windows of one go over.
    const row = tensor('FLOAT', [1, 1, 1, 6, 1], [1, 2, 3, 4, 5, 6]);
    const operands = op === 'Conv3D' ? [row, fixed(tensor('FLOAT', [1, 1, 1, 1, 1], [10]))] : [row];
    const attributes = { padding: attr.text('SAME'), ksize: volume(1, 1, 1), strides: volume(1, 1, 3) };
    const values = op === 'Conv3D' ? [10, 40] : [1, 4];
    const seen = await oneOutput(op, operands, attributes);
    expect(seen).toEqual({ dtype: 'FLOAT', shape: [1, 1, 1, 2, 1], values });
  },
);

describe.each(['MaxPool', 'AvgPool'])('%s with padding SAME whose windows lie apart', (op) => {
  // 8 columns of which windows of two begin at 0 and 5: 1 + 2 and 6 + 7. With one of 6 the second is cut: it has 6 only.
  const attributes = {
    ...{ padding: attr.text('SAME'), ksize: attr.ints(1, 1, 2, 1), strides: attr.ints(1, 1, 5, 1) },
  };
  const row = (size: number) =>
    tensor(
      'FLOAT',
      [1, 1, size, 1],
      Array.from({ length: size }, (_, i) => i + 1),
    );
  test.each([
    [8, op === 'MaxPool' ? [2, 7] : [1.5, 6.5]],
    [6, op === 'MaxPool' ? [2, 6] : [1.5, 6]],
  ])('over %i', async (size, values) => {
    const seen = await oneOutput(op, [fixed(row(size))], attributes);
    expect(seen).toEqual({ dtype: 'FLOAT', shape: [1, 1, 2, 1], values });
  });

  test('needs to know the size, unless the windows are of one element', async () => {
    await expect(oneOutput(op, [row(8)], attributes)).rejects.toThrow(
      `ERR TF op '${op}' (node 'out') cannot be lowered: its padding and strides need the size of the image, which only a run tells`,
    );
    const single = { ...attributes, ksize: attr.ints(1, 1, 1, 1) };
    expect((await oneOutput(op, [row(8)], single)).values).toEqual([1, 6]);
  });
});

test('Conv3D with dilations, channels first, by hand', async () => {
  // A filter of two ones, two apart in depth: each result is the sum of the elements d and d + 2.
  const column = tensor('FLOAT', [1, 1, 4, 1, 1], [1, 10, 100, 1000]);
  const filter = tensor('FLOAT', [2, 1, 1, 1, 1], [1, 1]);
  const attributes = {
    ...{ padding: attr.text('VALID'), data_format: attr.text('NCDHW') },
    ...{ strides: attr.ints(1, 1, 1, 1, 1), dilations: attr.ints(1, 1, 2, 1, 1) },
  };
  const seen = await oneOutput('Conv3D', [column, fixed(filter)], attributes);
  expect(seen).toEqual({ dtype: 'FLOAT', shape: [1, 1, 2, 1, 1], values: [101, 1010] });
  const same = { ...attributes, padding: attr.text('SAME') };
  // Two of padding, one on each side: 0 + 10, 1 + 100, 10 + 1000, 100 + 0.
  const padded = await oneOutput('Conv3D', [column, fixed(filter)], same);
  expect(padded).toEqual({ dtype: 'FLOAT', shape: [1, 1, 4, 1, 1], values: [10, 101, 1010, 100] });
});

test.each(['MaxPool3D', 'AvgPool3D'])(
  '%s with a window that is wider than the volume is refused',
  async (op) => {
    const attributes = {
      ...{ padding: attr.text('VALID'), ksize: volume(2, 3, 2), strides: volume(1, 1, 1) },
    };
    await expect(runOp(op, [fixed(filled(1, 2, 2, 2, 1))], attributes)).rejects.toThrow(
      `ERR TF op '${op}' (node 'out') cannot be lowered: its window [2,3,2] is wider than its image [2,2,2]`,
    );
  },
);

test.each(['SAME', 'VALID'])('MaxPoolV2 takes its window as inputs, %s', async (padding) => {
  const image = filled(1, 5, 4, 3);
  const options = { filterSize: [2, 3], strides: [2, 1], pad: padding.toLowerCase(), dataFormat: 'NHWC' };
  const expected = await kernel('MaxPool', { x: image }, options);
  const [ksize, strides] = [tensor('INT32', [4], [1, 2, 3, 1]), tensor('INT32', [4], [1, 2, 1, 1])];
  const attributes = { padding: attr.text(padding) };
  expectClose(await oneOutput('MaxPoolV2', [image, fixed(ksize), fixed(strides)], attributes), expected);
  await expect(oneOutput('MaxPoolV2', [image, ksize, fixed(strides)], attributes)).rejects.toThrow(
    "ERR TF op 'MaxPoolV2' (node 'out') cannot be lowered: its ksize has to be constant, and only a run tells it",
  );
});

test.each(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'])(
  '%s with given statistics and with those of the batch',
  async (op) => {
    const one = (value: number) => fixed(tensor('FLOAT', [1], [value]));
    const batch = tensor('FLOAT', [2, 1, 1, 1], [1, 3]);
    const operands = [batch, one(10), one(5), one(2), one(4)];
    // (x - 2) / sqrt(4) * 10 + 5.
    const given = { epsilon: attr.float(0), is_training: attr.bool(false) };
    expectClose(await oneOutput(op, operands, given), { shape: [2, 1, 1, 1], values: [0, 10] });
    // Mean 2, variance 1, which is 2 where it is divided by one less than the count.
    const training = { epsilon: attr.float(0), is_training: attr.bool(true) };
    const outs = await runOp(op, operands, training, 3);
    expect(outs.map(({ values }) => values)).toEqual([[-5, 15], [2], [2]]);
  },
);
