import type { DataType } from '../../onnx-graph/data-types.ts';
import type { Attribute } from '../../onnx-graph/model-bytes.ts';
import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';
import {
  channelsOf,
  fromChannelsFirst,
  type Layout,
  layoutOf,
  paddingAttributes,
  sizesOf,
  spatialAttribute,
  toChannelsFirst,
} from './spatial.ts';

const DTYPES: readonly DataType[] = ['float', 'float16'];

/** Filters [..spatial, in, out] as [out, in, ..spatial]. ONNX Runtime does it once, while it loads, when they are constant. */
function filters(op: OpContext, layout: Layout, value: Value): Value {
  const { rank } = layout;
  const spatial = Array.from({ length: rank - 2 }, (_, d) => d);
  return op.transpose(value, [rank - 1, rank - 2, ...spatial]);
}

function windowAttributes(op: OpContext, layout: Layout, x: Value, w: Value): Record<string, Attribute> {
  const strides = spatialAttribute(op, layout, 'strides');
  const dilations = spatialAttribute(op, layout, 'dilations');
  const sizes = sizesOf(layout, x);
  const kernel = sizes.map((_, d) => (typeof w.shape?.[d] === 'number' ? w.shape[d] : null));
  const window = { sizes, kernel, strides, dilations };
  const isDilated = dilations.some((d) => d !== 1);
  return { strides, dilations, ...paddingAttributes(op, layout, isDilated ? window : undefined) };
}

/** Convolves a value that need not be the node's own input. @param rank 4 for images, 5 for volumes. */
export function convolved(op: OpContext, x: Value, w: Value, rank: number): Value {
  const layout = layoutOf(op, rank);
  const [channels, perGroup] = [channelsOf(layout, x), w.shape?.at(-2)];
  const group = channels !== null && typeof perGroup === 'number' && perGroup > 0 ? channels / perGroup : 1;
  const y = op.emit('Conv', [toChannelsFirst(op, layout, x), filters(op, layout, w)], {
    ...windowAttributes(op, layout, x, w),
    group,
  });
  return fromChannelsFirst(op, layout, y);
}

const convolution = (rank: number): OpDefinition => ({
  dtypes: DTYPES,
  ranks: [rank, rank],
  limits: 'dilated with padding SAME: filters of a known shape',
  lower: (op) => convolved(op, op.input(0), op.input(1), rank),
});

export function depthwiseConvolved(op: OpContext): Value {
  const layout = layoutOf(op, 4);
  const [x, w] = [op.input(0), op.input(1)];
  const [height, width, channels, multiplier] = w.shape ?? [];
  if (typeof channels !== 'number' || typeof multiplier !== 'number')
    op.fail('the shape of its filters has to be known');
  if (typeof height !== 'number' || typeof width !== 'number')
    op.fail('the shape of its filters has to be known');
  const each = op.reshape(op.transpose(w, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
  const y = op.emit('Conv', [toChannelsFirst(op, layout, x), each], {
    ...windowAttributes(op, layout, x, w),
    group: channels,
  });
  return fromChannelsFirst(op, layout, y);
}

/** A convolution of each channel on its own: filters [h, w, channels, multiplier]. */
const depthwise: OpDefinition = {
  dtypes: DTYPES,
  ranks: [4, 4],
  limits: 'filters of a known shape',
  lower: depthwiseConvolved,
};

/**
 * The gradient of a convolution, which is how TensorFlow transposes one. What comes out is cut from the full result: ONNX would derive the
 * paddings by a rule of its own.
 */
const transposed: OpDefinition = {
  dtypes: DTYPES,
  ranks: [undefined, 4, 4],
  limits: 'no explicit paddings; filters of a known shape',
  lower(op) {
    const layout = layoutOf(op, 4);
    const [w, x] = [op.input(1), toChannelsFirst(op, layout, op.input(2))];
    const kernel = w.shape?.slice(0, 2);
    if (!kernel?.every((size) => typeof size === 'number'))
      op.fail('the shape of its filters has to be known');
    const padding = op.attributes.text('padding', 'VALID');
    if (padding === 'EXPLICIT') op.fail('its padding is EXPLICIT');
    const strides = spatialAttribute(op, layout, 'strides');
    const dilations = spatialAttribute(op, layout, 'dilations');
    const y = op.emit('ConvTranspose', [x, op.transpose(w, [3, 2, 0, 1])], {
      strides,
      dilations,
      // Room for outputs that the windows do not reach; they are zeros.
      output_padding: strides.map((stride) => stride - 1),
    });
    const spatial = (value: Value, from: number) =>
      op.emit('Slice', [value, op.ints([from]), op.ints([from + 2])]);
    const wanted = spatial(op.vector(0), layout.channelsLast ? 1 : 2);
    const start =
      padding === 'SAME'
        ? sameStart(op, spatial(op.shapeOf(x), 2), wanted, { kernel: kernel as number[], strides, dilations })
        : op.ints([0, 0]);
    const end = op.emit('Add', [start, wanted]);
    const size = numbersOf(wanted) ?? [null, null];
    const cut = op.emit(
      'Slice',
      [y, start, end, op.ints([2, 3])],
      {},
      {
        outputs: [{ dtype: y.dtype, shape: [y.shape?.[0] ?? null, w.shape?.[2] ?? null, ...size] }],
      },
    );
    return fromChannelsFirst(op, layout, cut);
  },
};

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** How much padding SAME had put in front: half of what the windows reach over the output, rounded down. */
function sameStart(op: OpContext, size: Value, wanted: Value, { kernel, strides, dilations }: Window): Value {
  const reach = kernel.map((k, d) => (k - 1) * (dilations[d] ?? 1) + 1 - (strides[d] ?? 1));
  const full = op.emit('Add', [op.emit('Mul', [size, op.ints(strides)]), op.ints(reach)]);
  const over = op.emit('Max', [op.emit('Sub', [full, wanted]), op.ints([0, 0])]);
  return op.emit('Div', [over, op.ints([2, 2])]);
}

/** ONNX Runtime ends the process over a window that is one wider than its image, so that nothing comes out. */
function checkWindow(
  op: OpContext,
  sizes: readonly (number | null)[],
  kernel: readonly number[],
  padding: object,
) {
  const { pads = [], auto_pad } = padding as { pads?: readonly number[]; auto_pad?: string };
  const isTooWide = sizes.some((size, d) => {
    if (size === null || auto_pad !== undefined) return size === 0;
    return size + (pads[d] ?? 0) + (pads[d + sizes.length] ?? 0) < (kernel[d] ?? 1);
  });
  if (isTooWide) op.fail(`its window [${kernel.join()}] is wider than its image [${sizes.join()}]`);
}

const pool = (onnx: string, rank: number, dtypes: readonly DataType[]): OpDefinition => ({
  dtypes,
  ranks: [rank],
  limits:
    'no windows over batch or channels, or wider than the image; strides two wider than the window with padding SAME: images of a known size',
  lower(op) {
    const layout = layoutOf(op, rank);
    const x = op.input(0);
    const dynamic = op.inputCount === 3;
    const kernel = spatialAttribute(op, layout, 'ksize', dynamic ? op.constantInts(1, 'ksize') : undefined);
    const strides = spatialAttribute(
      op,
      layout,
      'strides',
      dynamic ? op.constantInts(2, 'strides') : undefined,
    );
    const sizes = sizesOf(layout, x);
    // ONNX Runtime halves what SAME pads before it cuts it at 0: right as long as it is above -2.
    const isApart = strides.some((stride, d) => stride - (kernel[d] ?? 1) > 1);
    const window = { sizes, kernel, strides, dilations: kernel.map(() => 1) };
    const padding = paddingAttributes(op, layout, isApart ? window : undefined);
    checkWindow(op, sizes, kernel, padding);
    const y = op.emit(onnx, [toChannelsFirst(op, layout, x)], {
      kernel_shape: kernel,
      strides,
      ...padding,
      // An average counts what is there, not the padding.
      ...(onnx === 'AveragePool' && { count_include_pad: 0 }),
    });
    return fromChannelsFirst(op, layout, y);
  },
});

const MAXIMA: readonly DataType[] = [...DTYPES, 'double', 'int8', 'uint8', 'int16', 'uint16', 'int32'];

export const convolutions = defineOps('Convolutions and pooling', {
  Conv2D: convolution(4),
  Conv3D: convolution(5),
  DepthwiseConv2dNative: depthwise,
  Conv2DBackpropInput: transposed,
  ...alike(['MaxPool', 'MaxPoolV2'], pool('MaxPool', 4, MAXIMA)),
  AvgPool: pool('AveragePool', 4, DTYPES),
  MaxPool3D: pool('MaxPool', 5, DTYPES),
  AvgPool3D: pool('AveragePool', 5, DTYPES),
});
