import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../scripts/onnx-builder.ts';
import { expectClose, oneOutput } from '../../support/tensor-values.ts';
import { attr, fixed, tensor } from '../../support/tensorflow-graphs.ts';
import { kernel } from '../../support/tfjs.ts';

const random = seededRandom(7);
const noise = (...shape: number[]) =>
  tensor(
    'FLOAT',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random()),
  );
const count = (...shape: number[]) =>
  tensor(
    'FLOAT',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
const ints = (...values: number[]) => tensor('INT32', [values.length], values);
const f = (shape: number[], ...values: number[]) => tensor('FLOAT', shape, values);

const SAMPLINGS = [
  { alignCorners: false, halfPixelCenters: false },
  { alignCorners: true, halfPixelCenters: false },
  { alignCorners: false, halfPixelCenters: true },
];
const SIZES: [number, number][] = [
  [3, 5],
  [7, 4],
  [11, 13],
  [1, 1],
  [4, 1],
];
const cases = SAMPLINGS.flatMap((s) => SIZES.map((size) => ({ ...s, size })));

describe('resizing', () => {
  test.each(cases)('as TensorFlow.js does: %j', async ({ alignCorners, halfPixelCenters, size }) => {
    const images = noise(2, 4, 5, 3);
    const attributes = {
      align_corners: attr.bool(alignCorners),
      half_pixel_centers: attr.bool(halfPixelCenters),
    };
    const options = { alignCorners, halfPixelCenters, size };
    for (const op of ['ResizeBilinear', 'ResizeNearestNeighbor']) {
      const oracle = await kernel(op, { images }, options);
      expectClose(await oneOutput(op, [images, ints(...size)], attributes), oracle);
      expectClose(await oneOutput(op, [images, fixed(ints(...size))], attributes), oracle);
    }
  });

  test('the nearest pixel keeps its dtype, between pixels everything is float', async () => {
    const x = tensor('UINT8', [1, 1, 2, 1], [10, 20]);
    const nearest = await oneOutput('ResizeNearestNeighbor', [x, ints(2, 4)]);
    expect(nearest).toEqual({
      dtype: 'UINT8',
      shape: [1, 2, 4, 1],
      values: [10, 10, 20, 20, 10, 10, 20, 20],
    });
    const between = await oneOutput('ResizeBilinear', [x, ints(1, 4)]);
    expect(between).toEqual({ dtype: 'FLOAT', shape: [1, 1, 4, 1], values: [10, 15, 20, 20] });
  });

  test('positions are rounded as floats', async () => {
    for (const [before, after] of [
      [58, 87],
      [100, 30],
      [33, 77],
    ] as const) {
      const scale = Math.fround(before / after);
      const expected = Array.from({ length: after }, (_, i) => Math.floor(Math.fround(i * scale)));
      const seen = await oneOutput('ResizeNearestNeighbor', [count(1, before, 1, 1), fixed(ints(after, 1))]);
      expect(seen.values).toEqual(expected);
    }
  });

  // By hand: the average of the pixels, each by how much of it lies in the area.
  test('areas', async () => {
    const x = count(1, 4, 6, 1);
    const halves = await oneOutput('ResizeArea', [fixed(x), fixed(ints(2, 3))]);
    expectClose(halves, { shape: [1, 2, 3, 1], values: [3.5, 5.5, 7.5, 15.5, 17.5, 19.5] });
    const thirds = await oneOutput('ResizeArea', [fixed(f([1, 1, 4, 1], 0, 3, 6, 9)), fixed(ints(1, 3))]);
    // 4/3 pixels each: (0 + 3/3) / (4/3), (3 * 2/3 + 6 * 2/3) / (4/3), (6/3 + 9) / (4/3).
    expectClose(thirds, { shape: [1, 1, 3, 1], values: [0.75, 4.5, 8.25] });
  });

  test('cubic: an image of the same size stays, a flat one stays flat, halves between', async () => {
    const x = noise(2, 4, 5, 3);
    const same = await oneOutput('ResizeBicubic', [fixed(x), fixed(ints(4, 5))]);
    expectClose(
      same,
      await kernel(
        'ResizeNearestNeighbor',
        { images: x },
        { size: [4, 5], alignCorners: false, halfPixelCenters: false },
      ),
    );
    const flat = f([1, 2, 2, 1], 3, 3, 3, 3);
    const larger = await oneOutput('ResizeBicubic', [fixed(flat), fixed(ints(3, 5))], {
      half_pixel_centers: attr.bool(true),
    });
    expectClose(larger, { shape: [1, 3, 5, 1], values: new Array(15).fill(3) });
    // Between 4 and 8: -3/32 (0 + 16) + 19/32 (4 + 8) with a = -0.75.
    const line = f([1, 1, 4, 1], 0, 4, 8, 16);
    const seen = await oneOutput('ResizeBicubic', [fixed(line), fixed(ints(1, 8))]);
    expect(seen.values[3]).toBeCloseTo(-(3 / 32) * 16 + (19 / 32) * 12, 5);
    // With pixel centres, 3/4 of the way to the first: weights of a = -0.5 at 0.25 and 1.25, those outside are left out.
    const centred = await oneOutput('ResizeBicubic', [fixed(line), fixed(ints(1, 8))], {
      half_pixel_centers: attr.bool(true),
    });
    const near = (d: number) => 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
    const far = (d: number) => -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2;
    const [w0, w1] = [near(0.25), far(1.25)];
    expect(centred.values[0]).toBeCloseTo((0 * w0 + 4 * w1) / (w0 + w1), 5);
  });
});

describe('CropAndResize', () => {
  // None of their pixels is halfway between two: TensorFlow.js computes positions in double, TensorFlow in float.
  const boxes = f([4, 4], 0, 0, 1, 1, 0.13, 0.21, 0.74, 0.93, -0.5, 0.52, 0.47, 1.5, 0.91, 0.83, 0.23, 0.12);
  const boxInd = ints(0, 1, 1, 0);
  test.each(['bilinear', 'nearest'])('%s, as TensorFlow.js does', async (method) => {
    const image = noise(2, 5, 6, 3);
    for (const cropSize of [
      [3, 4],
      [1, 1],
      [7, 2],
    ]) {
      const oracle = await kernel(
        'CropAndResize',
        { image, boxes, boxInd },
        { cropSize, method, extrapolationValue: 0.25 },
      );
      const attributes = { method: attr.text(method), extrapolation_value: attr.float(0.25) };
      expectClose(
        await oneOutput('CropAndResize', [image, boxes, boxInd, ints(...cropSize)], attributes),
        oracle,
      );
      expectClose(
        await oneOutput('CropAndResize', [image, boxes, boxInd, fixed(ints(...cropSize))], attributes),
        oracle,
      );
    }
  });

  test('pixels of bytes; a box of nothing, NaN and an image that is not there', async () => {
    const image = tensor('UINT8', [1, 2, 2, 1], [10, 20, 30, 40]);
    const crop = (box: number[], owner: number) =>
      oneOutput('CropAndResize', [image, f([1, 4], ...box), ints(owner), ints(1, 1)], {
        T: attr.type('uint8'),
      });
    expect(await crop([0, 0, 1, 1], 0)).toEqual({ dtype: 'FLOAT', shape: [1, 1, 1, 1], values: [25] });
    expect((await crop([Number.NaN, 0, 1, 1], 0)).values).toEqual([0]);
    await expect(crop([0, 0, 1, 1], 1)).rejects.toThrow();
    const none = [image, tensor('FLOAT', [0, 4], []), tensor('INT32', [0], []), ints(2, 2)];
    expect((await oneOutput('CropAndResize', none, { T: attr.type('uint8') })).shape).toEqual([0, 2, 2, 1]);
  });
});

describe('blocks of space', () => {
  test('between depth and space, channels last', async () => {
    const x = noise(2, 3, 5, 8);
    const size = { block_size: attr.int(2) };
    const oracle = await kernel('DepthToSpace', { x }, { blockSize: 2, dataFormat: 'NHWC' });
    expectClose(await oneOutput('DepthToSpace', [x], size), oracle);
    const back = await oneOutput('SpaceToDepth', [tensor('FLOAT', oracle.shape, oracle.values)], size);
    expectClose(back, { shape: x.shape, values: Array.from(new Float32Array(x.buffer)) });
  });

  // By hand: the channel of a block's pixel (y, x) and channel c is (2 y + x) * 2 + c.
  test('between depth and space, channels first', async () => {
    const attributes = { block_size: attr.int(2), data_format: attr.text('NCHW') };
    const space = await oneOutput('DepthToSpace', [count(1, 8, 1, 1)], attributes);
    expect(space).toEqual({ dtype: 'FLOAT', shape: [1, 2, 2, 2], values: [0, 2, 4, 6, 1, 3, 5, 7] });
    const back = await oneOutput('SpaceToDepth', [f([1, 2, 2, 2], 0, 2, 4, 6, 1, 3, 5, 7)], attributes);
    expect(back).toEqual({ dtype: 'FLOAT', shape: [1, 8, 1, 1], values: [0, 1, 2, 3, 4, 5, 6, 7] });
  });

  test.each([
    [
      [4, 6, 3],
      [2, 3],
      [0, 0, 0, 0],
    ],
    [
      [3, 5, 3],
      [2, 3],
      [1, 0, 0, 1],
    ],
    [[5, 2], [3], [0, 1]],
    [
      [2, 3, 4, 1],
      [2, 2, 2],
      [0, 0, 1, 0, 2, 2],
    ],
  ])('space of %j in blocks %j, padded by %j', async (space, blockShape, pads) => {
    const x = noise(2, ...space);
    const pairs = tensor('INT32', [blockShape.length, 2], pads);
    const paddings = blockShape.map((_, i) => pads.slice(2 * i, 2 * i + 2));
    const oracle = await kernel('SpaceToBatchND', { x }, { blockShape, paddings });
    for (const edges of [pairs, fixed(pairs)]) {
      expectClose(await oneOutput('SpaceToBatchND', [x, fixed(ints(...blockShape)), edges]), oracle);
      const batch = tensor('FLOAT', oracle.shape, oracle.values);
      const back = await oneOutput('BatchToSpaceND', [batch, fixed(ints(...blockShape)), edges]);
      expectClose(back, { shape: x.shape, values: Array.from(new Float32Array(x.buffer)) });
    }
  });

  test('the older ops of images', async () => {
    const x = count(1, 2, 2, 1);
    const none = tensor('INT32', [2, 2], [0, 0, 0, 0]);
    const size = { block_size: attr.int(2) };
    const batch = await oneOutput('SpaceToBatch', [x, none], size);
    expect(batch).toEqual({ dtype: 'FLOAT', shape: [4, 1, 1, 1], values: [0, 1, 2, 3] });
    const back = await oneOutput('BatchToSpace', [count(4, 1, 1, 1), none], size);
    expect(back).toEqual({ dtype: 'FLOAT', shape: [1, 2, 2, 1], values: [0, 1, 2, 3] });
  });
});

describe('colours', () => {
  // Hues by hand: red 0, green a third, blue two thirds; black and grey have none.
  const rgb = f([6, 3], 1, 0, 0, 0, 0.5, 0, 0, 0, 0.25, 0, 0, 0, 0.5, 0.5, 0.5, 1, 0, 0.5);
  const hsv = [0, 1, 1, 1 / 3, 1, 0.5, 2 / 3, 1, 0.25, 0, 0, 0, 0, 0, 0.5, 11 / 12, 1, 1];
  test('to hue, saturation and value, and back', async () => {
    expectClose(await oneOutput('RGBToHSV', [rgb]), { shape: [6, 3], values: hsv });
    const back = await oneOutput('HSVToRGB', [f([6, 3], ...hsv)]);
    expectClose(back, { shape: [6, 3], values: Array.from(new Float32Array(rgb.buffer)) });
  });

  test('a turned hue, and less saturation', async () => {
    const turned = await oneOutput('AdjustHue', [rgb, f([], 1 / 3)]);
    expectClose(turned, {
      shape: [6, 3],
      values: [0, 1, 0, 0, 0, 0.5, 0.25, 0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 1, 0],
    });
    const pale = await oneOutput('AdjustSaturation', [f([1, 3], 1, 0, 0.5), f([], 0.5)]);
    expectClose(pale, { shape: [1, 3], values: [1, 0.5, 0.75] });
  });

  test('contrast, around the mean of each channel', async () => {
    const seen = await oneOutput('AdjustContrastv2', [f([1, 1, 2, 2], 1, 10, 3, 30), f([], 2)]);
    expectClose(seen, { shape: [1, 1, 2, 2], values: [0, 0, 4, 40] });
  });
});
