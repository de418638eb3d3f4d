import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

interface Convolution {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  /** Of a transposed one. */
  readonly outputPadding?: readonly number[] | undefined;
}

function convolved(op: OpCall, settings: Convolution): Value {
  const [x, weight, bias] = [op.tensor('self'), op.tensor('weight'), op.optionalTensor('bias')];
  const { stride, padding, dilation, groups, outputPadding } = settings;
  const rank = op.rank(weight) - 2;
  // Without a batch: torch adds one for the time of the convolution.
  const isSingle = op.rank(x) === rank + 1;
  const batched = isSingle ? op.emit('Unsqueeze', [x, op.intVector([0])]) : x;
  const attributes = {
    strides: stride,
    pads: [...padding, ...padding],
    dilations: dilation,
    group: groups,
    ...(outputPadding && { output_padding: outputPadding }),
  };
  const inputs = bias === undefined ? [batched, weight] : [batched, weight, bias];
  const result = op.emit(outputPadding === undefined ? 'Conv' : 'ConvTranspose', inputs, attributes);
  return isSingle ? op.emit('Squeeze', [result, op.intVector([0])]) : result;
}

const ones = (count: number) => new Array<number>(count).fill(1);
const zeros = (count: number) => new Array<number>(count).fill(0);

/** "same" keeps the size, for an odd kernel with as much on both sides. */
function namedPadding(op: OpCall, dilation: readonly number[]): number[] {
  const name = op.text('padding');
  if (name === 'valid') return dilation.map(() => 0);
  if (name !== 'same') return op.fail(`padding '${name}' is not supported`);
  return dilation.map((by, d) => {
    const total = by * (op.knownSize(op.tensor('weight'), d + 2) - 1);
    return total % 2 === 0 ? total / 2 : op.fail("padding 'same' of an even kernel is not supported");
  });
}

const conv: Lower = (op) => {
  const rank = op.rank(op.tensor('weight')) - 2;
  const dilation = op.intsFor('dilation', rank, ones(rank));
  const padding =
    typeof op.raw('padding') === 'string'
      ? namedPadding(op, dilation)
      : op.intsFor('padding', rank, zeros(rank));
  return convolved(op, {
    stride: op.intsFor('stride', rank, ones(rank)),
    padding,
    dilation,
    groups: op.int('groups'),
  });
};

const transposed: Lower = (op) => {
  const rank = op.rank(op.tensor('weight')) - 2;
  return convolved(op, {
    stride: op.intsFor('stride', rank, ones(rank)),
    padding: op.intsFor('padding', rank, zeros(rank)),
    dilation: op.intsFor('dilation', rank, ones(rank)),
    groups: op.int('groups'),
    outputPadding: op.intsFor('output_padding', rank, zeros(rank)),
  });
};

/** The op behind all of them: traced modules call it. */
const general: Lower = (op) => {
  const rank = op.rank(op.tensor('weight')) - 2;
  const outputPadding = op.intsFor('output_padding', rank, zeros(rank));
  return convolved(op, {
    stride: op.intsFor('stride', rank, ones(rank)),
    padding: op.intsFor('padding', rank, zeros(rank)),
    dilation: op.intsFor('dilation', rank, ones(rank)),
    groups: op.int('groups'),
    outputPadding: op.bool('transposed') ? outputPadding : undefined,
  });
};

/** Windows over the last `rank` dimensions; a tensor without a batch gets one for the time. */
function pooled(op: OpCall, operator: string, rank: number, attributes: object, count = 1): Value[] {
  const x = op.tensor('self');
  const isSingle = op.rank(x) === rank + 1;
  const batched = isSingle ? op.emit('Unsqueeze', [x, op.intVector([0])]) : x;
  const kernel = op.intsFor('kernel_size', rank);
  const padding = op.intsFor('padding', rank, zeros(rank));
  const all = {
    kernel_shape: kernel,
    strides: op.intsFor('stride', rank, kernel),
    pads: [...padding, ...padding],
    ceil_mode: op.bool('ceil_mode') ? 1 : 0,
    ...attributes,
  };
  const outputs = op.emitMany(operator, [batched], all, { count });
  return isSingle ? outputs.map((output) => op.emit('Squeeze', [output, op.intVector([0])])) : outputs;
}

const maxPool =
  (rank: number, count = 1): Lower =>
  (op) => {
    const outputs = pooled(
      op,
      'MaxPool',
      rank,
      { dilations: op.intsFor('dilation', rank, ones(rank)) },
      count,
    );
    return count === 1 ? (outputs[0] as Value) : outputs;
  };

const averagePool =
  (rank: number): Lower =>
  (op) =>
    pooled(op, 'AveragePool', rank, { count_include_pad: op.bool('count_include_pad') ? 1 : 0 })[0] as Value;

/** Windows that cover a size in as many steps as asked for. */
const adaptive =
  (rank: number, operator: 'Average' | 'Max'): Lower =>
  (op) => {
    const x = op.tensor('self');
    const axes = Array.from({ length: rank }, (_, i) => op.rank(x) - rank + i);
    const raw = op.raw('output_size');
    const wanted = (Array.isArray(raw) ? raw : axes.map(() => raw)).map((size, i) =>
      size === null ? op.knownSize(x, axes[i] as number) : op.tracer.knownInt(size),
    );
    if (wanted.every((size) => size === 1)) {
      return op.emit(operator === 'Max' ? 'ReduceMax' : 'ReduceMean', [x, op.intVector(axes)], {
        keepdims: 1,
      });
    }
    const sizes = axes.map((axis) => op.knownSize(x, axis));
    if (sizes.some((size, i) => size % (wanted[i] as number) !== 0))
      return unevenly(op, operator, x, axes, sizes, wanted);
    const kernel = sizes.map((size, i) => size / (wanted[i] as number));
    const isSingle = op.rank(x) === rank + 1;
    const batched = isSingle ? op.emit('Unsqueeze', [x, op.intVector([0])]) : x;
    const result = op.emit(`${operator}Pool`, [batched], { kernel_shape: kernel, strides: kernel });
    return isSingle ? op.emit('Squeeze', [result, op.intVector([0])]) : result;
  };

/** Windows of different sizes: one axis after the other, each window by itself. */
function unevenly(
  op: OpCall,
  operator: 'Average' | 'Max',
  x: Value,
  axes: readonly number[],
  sizes: readonly number[],
  wanted: readonly number[],
): Value {
  return axes.reduce((value, axis, i) => {
    const [size, count] = [sizes[i] as number, wanted[i] as number];
    const windows = Array.from({ length: count }, (_, w) => {
      const bounds = [Math.floor((w * size) / count), Math.ceil(((w + 1) * size) / count)];
      const [start, end] = bounds.map((bound) => op.intVector([bound])) as [Value, Value];
      const window = op.emit('Slice', [value, start, end, op.intVector([axis])]);
      return op.emit(operator === 'Max' ? 'ReduceMax' : 'ReduceMean', [window, op.intVector([axis])], {
        keepdims: 1,
      });
    });
    return windows.length === 1 ? (windows[0] as Value) : op.emit('Concat', windows, { axis });
  }, x);
}

/** @param mode ONNX's; `aligned` where the corners of both stay where they are. */
const resized =
  (mode: 'nearest' | 'linear' | 'cubic', hasCorners: boolean): Lower =>
  (op) => {
    const x = op.tensor('self');
    const aligned = hasCorners && op.bool('align_corners');
    const coordinates = mode === 'nearest' ? 'asymmetric' : aligned ? 'align_corners' : 'pytorch_half_pixel';
    const attributes = {
      mode,
      coordinate_transformation_mode: coordinates,
      nearest_mode: mode === 'nearest' ? 'floor' : undefined,
      cubic_coeff_a: mode === 'cubic' ? { float: -0.75 } : undefined,
    };
    const outer = [op.size(x, 0), op.size(x, 1)];
    if (op.given('output_size')) {
      const raw = op.raw('output_size');
      const sizes = op.vectorOf([...outer, ...(Array.isArray(raw) ? raw : [raw])]);
      return op.emit('Resize', [x, null, null, sizes], attributes);
    }
    const factors = op.raw('scale_factors');
    const given = Array.isArray(factors) ? factors : op.fail('neither sizes nor scales are given');
    const sizes = given.map((factor, d) =>
      op.emit('Floor', [
        op.emit('Mul', [op.scalarOf(op.size(x, d + 2), 'double'), op.scalarOf(factor, 'double')]),
      ]),
    );
    const vector = sizes.map((size) => op.reshape(op.cast(size, 'int64'), [1]));
    return op.emit(
      'Resize',
      [x, null, null, op.emit('Concat', [op.vectorOf(outer), ...vector], { axis: 0 })],
      attributes,
    );
  };

const CONV = 'Tensor self, Tensor weight, Tensor? bias=None, int[1] stride=1';
const POOL = 'Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0';
const ranks = [1, 2, 3] as const;
const each = (make: (rank: number) => [string, Lower]) => Object.fromEntries(ranks.map(make));

export const spatial = defineOps('Convolutions, pools and resizing', {
  ...alike(
    ranks.flatMap((rank) => [
      `conv${rank}d(${CONV}, int[1] padding=0, int[1] dilation=1, int groups=1)`,
      `conv${rank}d(${CONV}, str padding=valid, int[1] dilation=1, int groups=1)`,
    ]),
    conv,
  ),
  ...alike(
    ranks.map(
      (rank) =>
        `conv_transpose${rank}d(${CONV}, int[1] padding=0, int[1] output_padding=0, int groups=1, int[1] dilation=1)`,
    ),
    transposed,
  ),
  '_convolution(Tensor self, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, bool transposed, int[] output_padding, int groups, bool benchmark, bool deterministic, bool cudnn_enabled, bool allow_tf32=False)':
    general,
  'convolution(Tensor self, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, bool transposed, int[] output_padding, int groups)':
    general,
  ...each((rank) => [`max_pool${rank}d(${POOL}, int[1] dilation=1, bool ceil_mode=False)`, maxPool(rank)]),
  ...each((rank) => [
    `max_pool${rank}d_with_indices(${POOL}, int[1] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)`,
    maxPool(rank, 2),
  ]),
  ...each((rank) => [
    `avg_pool${rank}d(${POOL}, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None)`,
    averagePool(rank),
  ]),
  ...each((rank) => [`adaptive_avg_pool${rank}d(Tensor self, Any output_size)`, adaptive(rank, 'Average')]),
  'upsample_nearest2d(Tensor self, int[]? output_size, float[]? scale_factors=None)': resized(
    'nearest',
    false,
  ),
  'upsample_bilinear2d(Tensor self, int[]? output_size, bool align_corners, float[]? scale_factors=None)':
    resized('linear', true),
  'upsample_bicubic2d(Tensor self, int[]? output_size, bool align_corners, float[]? scale_factors=None)':
    resized('cubic', true),
});
