import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

/** One element for each channel, where a norm has no weights of its own. */
function perChannel(op: OpCall, x: Value, element: number, count: number): Value {
  return op.tracer.fill(x.dtype, [count], new Array<number>(count).fill(element));
}

/** Weights along the axis of the channels, against [batch, channels, ...]. */
function alongChannels(op: OpCall, x: Value, weights: Value): Value {
  return op.reshape(weights, [-1, ...new Array<number>(op.rank(x) - 2).fill(1)]);
}

function affine(op: OpCall, x: Value): Value {
  const [weight, bias] = [op.optionalTensor('weight'), op.optionalTensor('bias')];
  const scaled = weight === undefined ? x : op.emit('Mul', [x, alongChannels(op, x, weight)]);
  return bias === undefined ? scaled : op.emit('Add', [scaled, alongChannels(op, x, bias)]);
}

/** Less its mean, over its deviation; both along the axes. */
function standardized(
  op: OpCall,
  x: Value,
  axes: readonly number[],
  epsilon: number,
): { value: Value; mean: Value; rstd: Value } {
  const mean = op.emit('ReduceMean', [x, op.intVector(axes)], { keepdims: 1 });
  const off = op.emit('Sub', [x, mean]);
  const variance = op.emit('ReduceMean', [op.emit('Mul', [off, off]), op.intVector(axes)], { keepdims: 1 });
  const root = op.emit('Sqrt', [op.emit('Add', [variance, op.constant(x.dtype, epsilon)])]);
  return { value: op.emit('Div', [off, root]), mean, rstd: op.emit('Reciprocal', [root]) };
}

function byRunningStatistics(op: OpCall, x: Value): Value {
  const channels = op.knownSize(x, 1);
  const weight = op.optionalTensor('weight') ?? perChannel(op, x, 1, channels);
  const bias = op.optionalTensor('bias') ?? perChannel(op, x, 0, channels);
  const [mean, variance] = [op.tensor('running_mean'), op.tensor('running_var')];
  return op.emit('BatchNormalization', [x, weight, bias, mean, variance], {
    epsilon: { float: op.float('eps') },
  });
}

const batchNorm: Lower = (op) => {
  const x = op.tensor('self');
  const hasStatistics = op.given('running_mean') && op.given('running_var');
  if (!op.bool('training')) return byRunningStatistics(op, x);
  if (hasStatistics) op.fail('the module is in training mode: call eval() before it is saved');
  const axes = Array.from({ length: op.rank(x) }, (_, d) => d).toSpliced(1, 1);
  return affine(op, standardized(op, x, axes, op.float('eps')).value);
};

export function layerNorm(
  op: OpCall,
  x: Value,
  dims: number,
  weight: Value | undefined,
  bias: Value | undefined,
  epsilon: number,
): Value {
  const axes = Array.from({ length: dims }, (_, i) => op.rank(x) - dims + i);
  const scale =
    weight ?? op.emit('Expand', [op.constant(x.dtype, 1), op.vectorOf(axes.map((axis) => op.size(x, axis)))]);
  const inputs = bias === undefined ? [x, scale] : [x, scale, bias];
  return op.emit('LayerNormalization', inputs, { axis: -dims, epsilon: { float: epsilon } });
}

/** Groups of channels, each normalized over all that is in it. */
function grouped(op: OpCall, groups: number): Value {
  const x = op.tensor('self');
  const epsilon = op.float('eps');
  const shape = op.emit('Shape', [x]);
  const flat = op.reshape(x, [0, groups, -1]);
  if (x.dtype !== 'float')
    return affine(op, op.emit('Reshape', [standardized(op, flat, [2], epsilon).value, shape]));
  const [one, none] = [perChannel(op, x, 1, groups), perChannel(op, x, 0, groups)];
  const normal = op.emit('InstanceNormalization', [flat, one, none], { epsilon: { float: epsilon } });
  return affine(op, op.emit('Reshape', [normal, shape]));
}

const instanceNorm: Lower = (op) => {
  const x = op.tensor('self');
  if (!op.bool('use_input_stats')) return byRunningStatistics(op, x);
  const channels = op.knownSize(x, 1);
  if (x.dtype !== 'float') return grouped(op, channels);
  const weight = op.optionalTensor('weight') ?? perChannel(op, x, 1, channels);
  const bias = op.optionalTensor('bias') ?? perChannel(op, x, 0, channels);
  return op.emit('InstanceNormalization', [x, weight, bias], { epsilon: { float: op.float('eps') } });
};

const WEIGHTS = 'Tensor? weight=None, Tensor? bias=None';
const STATISTICS = 'Tensor? running_mean, Tensor? running_var';

export const normalization = defineOps('Normalization', {
  ...alike(
    [
      `batch_norm(Tensor self, Tensor? weight, Tensor? bias, ${STATISTICS}, bool training, float momentum, float eps, bool cudnn_enabled=True)`,
    ],
    batchNorm,
  ),
  [`layer_norm(Tensor self, int[] normalized_shape, ${WEIGHTS}, float eps=1e-05, bool cudnn_enable=True)`]: (
    op,
  ) =>
    layerNorm(
      op,
      op.tensor('self'),
      op.ints('normalized_shape').length,
      op.optionalTensor('weight'),
      op.optionalTensor('bias'),
      op.float('eps'),
    ),
  'native_layer_norm(Tensor self, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)':
    (op) => {
      const x = op.tensor('self');
      const dims = op.ints('normalized_shape').length;
      const axes = Array.from({ length: dims }, (_, i) => op.rank(x) - dims + i);
      const { value, mean, rstd } = standardized(op, x, axes, op.float('eps'));
      const [weight, bias] = [op.optionalTensor('weight'), op.optionalTensor('bias')];
      const scaled = weight === undefined ? value : op.emit('Mul', [value, weight]);
      return [bias === undefined ? scaled : op.emit('Add', [scaled, bias]), mean, rstd];
    },
  'rms_norm(Tensor self, int[] normalized_shape, Tensor? weight=None, float? eps=None)': (op) => {
    const x = op.tensor('self');
    const dims = op.ints('normalized_shape').length;
    const axes = Array.from({ length: dims }, (_, i) => op.rank(x) - dims + i);
    const squares = op.emit('ReduceMean', [op.emit('Mul', [x, x]), op.intVector(axes)], { keepdims: 1 });
    const epsilon = op.given('eps') ? op.float('eps') : x.dtype === 'double' ? 2 ** -52 : 2 ** -23;
    const root = op.emit('Sqrt', [op.emit('Add', [squares, op.constant(x.dtype, epsilon)])]);
    const normal = op.emit('Div', [x, root]);
    const weight = op.optionalTensor('weight');
    return weight === undefined ? normal : op.emit('Mul', [normal, weight]);
  },
  [`group_norm(Tensor self, int num_groups, ${WEIGHTS}, float eps=1e-05, bool cudnn_enabled=True)`]: (op) =>
    grouped(op, op.int('num_groups')),
  [`instance_norm(Tensor self, Tensor? weight, Tensor? bias, ${STATISTICS}, bool use_input_stats, float momentum, float eps, bool cudnn_enabled=True)`]:
    instanceNorm,
  '_weight_norm_interface(Tensor self, Tensor g, int dim=0) -> (Tensor, Tensor)': (op) => [
    op.call('_weight_norm', op.raw('self'), op.raw('g'), op.raw('dim')),
    op.call('norm_except_dim', op.raw('self'), 2, op.raw('dim')),
  ],
});
