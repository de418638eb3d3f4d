import type { Value } from '../../onnx-graph/value.ts';
import { defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

/** One element for each channel, where a norm has no weights of its own. */
function perChannel(op: OpCall, x: Value, element: number, count: number): Value {
  return op.tracer.fill(x.dtype, [count], new Array<number>(count).fill(element));
}

const batchNorm: Lower = (op) => {
  const x = op.tensor('self');
  if (op.bool('training')) op.fail('the module is in training mode: call eval() before it is saved');
  const channels = op.knownSize(x, 1);
  const weight = op.optionalTensor('weight') ?? perChannel(op, x, 1, channels);
  const bias = op.optionalTensor('bias') ?? perChannel(op, x, 0, channels);
  const [mean, variance] = [op.tensor('running_mean'), op.tensor('running_var')];
  return op.emit('BatchNormalization', [x, weight, bias, mean, variance], {
    epsilon: { float: op.float('eps') },
  });
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
  const rank = op.rank(x);
  const shape = op.emit('Shape', [x]);
  const flat = op.reshape(x, [0, groups, -1]);
  const [one, none] = [perChannel(op, x, 1, groups), perChannel(op, x, 0, groups)];
  const epsilon = { epsilon: { float: op.float('eps') } };
  const normal = op.emit('Reshape', [op.emit('InstanceNormalization', [flat, one, none], epsilon), shape]);
  const along = (weights: Value) => op.reshape(weights, [-1, ...new Array<number>(rank - 2).fill(1)]);
  const [weight, bias] = [op.optionalTensor('weight'), op.optionalTensor('bias')];
  const scaled = weight === undefined ? normal : op.emit('Mul', [normal, along(weight)]);
  return bias === undefined ? scaled : op.emit('Add', [scaled, along(bias)]);
}

export const normalization = defineOps('Normalization', {
  'batch_norm(Tensor self, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled=True)':
    batchNorm,
  'layer_norm(Tensor self, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enable=True)':
    (op) =>
      layerNorm(
        op,
        op.tensor('self'),
        op.ints('normalized_shape').length,
        op.optionalTensor('weight'),
        op.optionalTensor('bias'),
        op.float('eps'),
      ),
  'group_norm(Tensor self, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, bool cudnn_enabled=True)':
    (op) => grouped(op, op.int('num_groups')),
  'instance_norm(Tensor self, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool use_input_stats, float momentum, float eps, bool cudnn_enabled=True)':
    (op) => grouped(op, op.knownSize(op.tensor('self'), 1)),
});
