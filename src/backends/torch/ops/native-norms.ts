import type { Value } from '../../onnx-graph/value.ts';
import type { ScriptValue } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import type { TracedTensor } from '../tracing/traced-tensor.ts';

/** What torch adds where it is not told: the distance of 1 from the next float. */
const EPSILON: Partial<Record<Value['dtype'], number>> = {
  float16: 2 ** -10,
  float: 2 ** -23,
  double: 2 ** -52,
};

interface Moments {
  readonly mean: Value;
  /** One over the square root of the variance and epsilon. */
  readonly scale: Value;
}

/** Of the elements along the axes, which stay as 1. */
function momentsOf(op: OpCall, x: Value, axes: readonly number[]): Moments {
  const along = op.intVector(axes);
  const mean = op.emit('ReduceMean', [x, along], { keepdims: 1 });
  const off = op.emit('Sub', [x, mean]);
  const variance = op.emit('ReduceMean', [op.emit('Mul', [off, off]), along], { keepdims: 1 });
  const shifted = op.emit('Add', [variance, op.constant(x.dtype, op.float('eps'))]);
  return { mean, scale: op.emit('Reciprocal', [op.emit('Sqrt', [shifted])]) };
}

function axesFrom(first: number, rank: number): number[] {
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

const layerNorm: Lower = (op) => {
  const x = op.floating();
  const dims = op.ints('normalized_shape').length;
  const { mean, scale } = momentsOf(op, x, axesFrom(op.rank(x) - dims, op.rank(x)));
  const args = ['self', 'normalized_shape', 'weight', 'bias', 'eps'].map((name) => op.raw(name));
  return [op.call('layer_norm', ...args), mean, scale];
};

const groupNorm: Lower = (op) => {
  const [x, group] = [op.floating(), op.int('group')];
  const args = ['self', 'group', 'weight', 'bias', 'eps'].map((name) => op.raw(name));
  const flat = op.reshape(x, [0, group, -1]);
  const { mean, scale } = momentsOf(op, flat, [2]);
  const perGroup = (value: Value) => op.emit('Squeeze', [value, op.intVector([2])]);
  return [op.call('group_norm', ...args), perGroup(mean), perGroup(scale)];
};

/** Through what was counted in training; what is saved for the way back is empty then. */
function batchNorm(op: OpCall, epsilon: ScriptValue): readonly Value[] {
  const args = ['self', 'weight', 'bias', 'running_mean', 'running_var'].map((name) => op.raw(name));
  const result = op.call('batch_norm', ...args, false, 0, epsilon);
  const none = op.tracer.fill(result.dtype, [0], []);
  return [result, none, none];
}

/** Through the moments of the batch itself: each image's where the batch is folded into the channels. */
const ownMoments: Lower = (op) => {
  const x = op.floating();
  const rank = op.rank(x);
  if (!op.bool('training')) op.fail('there are no moments to normalize with');
  const { mean, scale } = momentsOf(op, x, [0, ...axesFrom(2, rank)]);
  const perChannel = (value: Value) => op.reshape(value, [-1, ...new Array<number>(rank - 2).fill(1)]);
  const [weight, bias] = [op.optionalTensor('weight'), op.optionalTensor('bias')];
  const normal = op.emit('Mul', [op.emit('Sub', [x, mean]), scale]);
  const weighted = weight === undefined ? normal : op.emit('Mul', [normal, perChannel(weight)]);
  const result = bias === undefined ? weighted : op.emit('Add', [weighted, perChannel(bias)]);
  const flat = (value: Value) => op.reshape(value, [-1]);
  return [result, flat(mean), flat(scale)];
};

const eitherMoments: Lower = (op) => {
  if (!op.bool('training')) return batchNorm(op, op.raw('eps'));
  if (op.given('running_mean')) op.fail('the module is in training mode: call eval() before it is saved');
  return ownMoments(op);
};

function rmsNorm(op: OpCall): readonly [Value, Value] {
  const x = op.floating();
  const dims = op.ints('normalized_shape').length;
  const axes = op.intVector(axesFrom(op.rank(x) - dims, op.rank(x)));
  const squares = op.emit('ReduceMean', [op.emit('Mul', [x, x]), axes], { keepdims: 1 });
  const epsilon = op.given('eps') ? op.float('eps') : (EPSILON[x.dtype] ?? 0);
  const root = op.emit('Sqrt', [op.emit('Add', [squares, op.constant(x.dtype, epsilon)])]);
  const scale = op.emit('Reciprocal', [root]);
  const normal = op.emit('Mul', [x, scale]);
  const weight = op.optionalTensor('weight');
  return [weight === undefined ? normal : op.emit('Mul', [normal, op.cast(weight, x.dtype)]), scale];
}

/** Variance or deviation, and the mean, along the same axes. */
const withMean =
  (name: 'var' | 'std', settings: readonly string[], hasDim = true): Lower =>
  (op) => {
    const named = new Map(settings.map((setting) => [setting, op.raw(setting)]));
    const args = hasDim ? [op.raw('self'), op.raw('dim')] : [op.raw('self')];
    const spread = op.tracer.call(`aten::${name}`, args, named);
    const keep = hasDim ? op.raw('keepdim') : false;
    return [
      (spread as TracedTensor).value,
      hasDim ? op.call('mean', op.raw('self'), op.raw('dim'), keep) : op.call('mean', op.raw('self')),
    ];
  };

const WEIGHTS = 'Tensor? weight, Tensor? bias';

/** What torch.export makes of norms: the ops give their moments, too. */
export const nativeNorms = defineOps('Normalization in exported programs', {
  'native_layer_norm(Tensor self, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)':
    layerNorm,
  [`native_group_norm(Tensor self, ${WEIGHTS}, int N, int C, int HxW, int group, float eps) -> (Tensor, Tensor, Tensor)`]:
    groupNorm,
  [`_native_batch_norm_legit_no_training(Tensor self, ${WEIGHTS}, Tensor running_mean, Tensor running_var, float momentum, float eps) -> (Tensor, Tensor, Tensor)`]:
    (op) => batchNorm(op, op.raw('eps')),
  ...alike(
    ['native_batch_norm', '_native_batch_norm_legit'].map(
      (name) =>
        `${name}(Tensor self, ${WEIGHTS}, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)`,
    ),
    eitherMoments,
  ),
  [`_native_batch_norm_legit(Tensor self, ${WEIGHTS}, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)`]:
    ownMoments,
  'rms_norm(Tensor self, int[] normalized_shape, Tensor? weight=None, float? eps=None)': (op) =>
    rmsNorm(op)[0],
  '_fused_rms_norm(Tensor self, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)':
    rmsNorm,
  ...Object.fromEntries(
    (['var', 'std'] as const).flatMap((name): [string, Lower][] => [
      [
        `${name}_mean(Tensor self, int[]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)`,
        withMean(name, ['correction', 'keepdim']),
      ],
      [
        `${name}_mean(Tensor self, int[]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)`,
        withMean(name, ['unbiased', 'keepdim']),
      ],
      [
        `${name}_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)`,
        withMean(name, ['unbiased'], false),
      ],
    ]),
  ),
});
