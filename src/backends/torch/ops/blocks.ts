import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { ones, withBatch, zeros } from './spatial-axes.ts';

/** Kernels of a convolution each of which takes one cell of the window, for every channel. */
function cellKernels(op: OpCall, x: Value, channels: number, kernel: readonly [number, number]): Value {
  const area = kernel[0] * kernel[1];
  const one = Array.from({ length: area * area }, (_, i) => Number(i % (area + 1) === 0));
  const cells = op.tracer.fill(x.dtype, [area, 1, ...kernel], one);
  return op.emit('Tile', [cells, op.intVector([channels, 1, 1, 1])]);
}

function windowOf(op: OpCall): {
  kernel: [number, number];
  strides: number[];
  dilations: number[];
  pads: number[];
} {
  const padding = op.intsFor('padding', 2, zeros(2));
  return {
    kernel: op.intsFor('kernel_size', 2) as [number, number],
    strides: op.intsFor('stride', 2, ones(2)),
    dilations: op.intsFor('dilation', 2, ones(2)),
    pads: [...padding, ...padding],
  };
}

/** Windows as columns. */
const unfold: Lower = (op) => {
  const { kernel, ...window } = windowOf(op);
  const [columns] = withBatch(op, op.tensor('self'), 2, (x) => {
    const channels = op.knownSize(x, 1);
    const cells = op.emit('Conv', [x, cellKernels(op, x, channels, kernel)], { ...window, group: channels });
    return [op.reshape(cells, [0, channels * kernel[0] * kernel[1], -1])];
  });
  return columns as Value;
};

/** Columns as windows again; where those overlap they add up. */
const fold: Lower = (op) => {
  const { kernel, strides, dilations, pads } = windowOf(op);
  const sizes = op.intsFor('output_size', 2);
  const area = kernel[0] * kernel[1];
  const reach = kernel.map((size, d) => (dilations[d] as number) * (size - 1) + 1);
  const room = sizes.map((size, d) => size + 2 * (pads[d] as number) - (reach[d] as number));
  const counts = room.map((cells, d) => Math.floor(cells / (strides[d] as number)) + 1);
  const [image] = withBatch(op, op.tensor('self'), 1, (x) => {
    const channels = op.knownSize(x, 1) / area;
    if (!Number.isInteger(channels)) op.fail('the columns do not fit the kernel');
    const cells = op.reshape(x, [0, channels * area, ...counts]);
    return [
      op.emit('ConvTranspose', [cells, cellKernels(op, x, channels, kernel)], {
        strides,
        dilations,
        pads,
        group: channels,
        output_padding: room.map((left, d) => left % (strides[d] as number)),
      }),
    ];
  });
  return image as Value;
};

/** [..., channels, height, width] with channels as blocks, or blocks as channels. */
function shuffled(op: OpCall, factor: number, isSpread: boolean): Value {
  const x = op.tensor('self');
  const rank = op.rank(x);
  const outer = Array.from({ length: rank - 3 }, (_, d) => op.size(x, d));
  const [channels, height, width] = [rank - 3, rank - 2, rank - 1].map((axis) => op.size(x, axis));
  const plane = op.emit('Reshape', [
    x,
    op.vectorOf([-1, channels as number, height as number, width as number]),
  ]);
  const known = op.knownSize(x, rank - 3);
  if (isSpread) {
    if (known % (factor * factor) !== 0) op.fail('the channels are no multiple of the square of the factor');
    const spread = op.emit('DepthToSpace', [plane], { blocksize: factor, mode: 'CRD' });
    if (rank === 4) return spread;
    const sizes = [1, 2, 3].map((axis) => op.size(spread, axis));
    return op.emit('Reshape', [spread, op.vectorOf([...outer, ...sizes])]);
  }
  const [rows, columns] = [height, width].map((_, i) => op.knownSize(x, rank - 2 + i) / factor);
  if (!Number.isInteger(rows) || !Number.isInteger(columns))
    op.fail('the sizes are no multiples of the factor');
  const split = op.reshape(plane, [-1, known, rows as number, factor, columns as number, factor]);
  const moved = op.emit('Transpose', [split], { perm: [0, 1, 3, 5, 2, 4] });
  const sizes = [known * factor * factor, rows as number, columns as number];
  return op.emit('Reshape', [moved, op.vectorOf([...outer, ...sizes])]);
}

export const blocks = defineOps('Blocks and columns', {
  'im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride)': unfold,
  'col2im(Tensor self, int[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride)':
    fold,
  'pixel_shuffle(Tensor self, int upscale_factor)': (op) => shuffled(op, op.int('upscale_factor'), true),
  'pixel_unshuffle(Tensor self, int downscale_factor)': (op) =>
    shuffled(op, op.int('downscale_factor'), false),
  ...alike(
    ['channel_shuffle(Tensor self, int groups)', 'native_channel_shuffle(Tensor self, int groups)'],
    (op: OpCall) => {
      const x = op.tensor('self');
      const [groups, channels] = [op.int('groups'), op.knownSize(x, 1)];
      if (channels % groups !== 0) op.fail('the channels are no multiple of the groups');
      const rest = Array.from({ length: op.rank(x) - 2 }, (_, d) => op.size(x, d + 2));
      const split = op.emit('Reshape', [x, op.vectorOf([op.size(x, 0), groups, channels / groups, -1])]);
      const moved = op.emit('Transpose', [split], { perm: [0, 2, 1, 3] });
      return op.emit('Reshape', [moved, op.vectorOf([op.size(x, 0), channels, ...rest])]);
    },
  ),
});
