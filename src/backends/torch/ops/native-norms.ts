import type { Value } from '../../onnx-graph/value.ts';
import type { ScriptValue } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

interface Moments {
  readonly mean: Value;
  /** One over the square root of the variance and epsilon. */
  readonly scale: Value;
}

/** Of the elements along the axes, which stay as 1. */
function momentsOf(op: OpCall, x: Value, axes: readonly number[]): Moments {
  const along = op.intVector(axes);
  const mean = op.emit('ReduceMean', [x, along], { keepdims: 1 });
  return { mean, scale: scaleOf(op, op.emit('Sub', [x, mean]), axes) };
}

/** One over the root of the mean square, which epsilon keeps from 0. */
function scaleOf(op: OpCall, x: Value, axes: readonly number[]): Value {
  const squares = op.emit('ReduceMean', [op.emit('Mul', [x, x]), op.intVector(axes)], { keepdims: 1 });
  const epsilon = op.given('eps') ? op.float('eps') : x.dtype === 'double' ? 2 ** -52 : 2 ** -23;
  const shifted = op.emit('Add', [squares, op.constant(x.dtype, epsilon)]);
  return op.emit('Reciprocal', [op.emit('Sqrt', [shifted])]);
}

function axesFrom(first: number, rank: number): number[] {
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

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

const WEIGHTS = 'Tensor? weight, Tensor? bias';

/** What torch.export makes of norms: the ops give their moments, too. */
export const nativeNorms = defineOps('Normalization in exported programs', {
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
  '_fused_rms_norm(Tensor self, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)': (
    op,
  ) => {
    const x = op.floating();
    const first = op.rank(x) - op.ints('normalized_shape').length;
    const args = ['self', 'normalized_shape', 'weight', 'eps'].map((name) => op.raw(name));
    return [op.call('rms_norm', ...args), scaleOf(op, x, axesFrom(first, op.rank(x)))];
  },
});
