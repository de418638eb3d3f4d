import { isFloat } from '../../onnx-graph/data-types.ts';
import { Formula } from '../../onnx-graph/formula.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { unless } from './checks.ts';

/** Dtypes that ONNX Runtime's Unique has kernels for. */
const UNIQUE: readonly Value['dtype'][] = ['float', 'double', 'int64', 'int8'];

/** The different elements in order, where each one went, and how many there were. */
function uniqueOf(op: OpCall, x: Value, axis?: number): [Value, Value, Value] {
  const of = UNIQUE.includes(x.dtype) ? x : op.cast(x, 'int64');
  const shape = axis === undefined ? [null] : x.shape?.map((dim, d) => (d === axis ? null : dim));
  const list = { dtype: 'int64' as const, shape: [null] };
  const outputs = [{ dtype: of.dtype, shape }, list, list, list];
  const [values, , places, counts] = op.emitMany('Unique', [of], { axis, sorted: 1 }, { outputs });
  return [op.cast(values as Value, x.dtype), places as Value, counts as Value];
}

/** What was not asked for is an empty tensor. */
function asked(op: OpCall, [values, places, counts]: [Value, Value, Value]): Value[] {
  const none = op.tracer.fill('int64', [0], []);
  return [values, op.bool('return_inverse') ? places : none, op.bool('return_counts') ? counts : none];
}

const unique: Lower = (op) => {
  const x = op.tensor('self');
  const [values, places, counts] = uniqueOf(op, x);
  return asked(op, [values, op.emit('Reshape', [places, op.emit('Shape', [x])]), counts]);
};

/** Runs of equal elements, or slices along an axis. */
const uniqueConsecutive: Lower = (op) => {
  const given = op.tensor('self');
  const x = op.given('dim') ? given : op.reshape(given, [-1]);
  const axis = op.given('dim') ? op.axis('dim', op.rank(x)) : 0;
  const others = Array.from({ length: op.rank(x) }, (_, d) => d).filter((d) => d !== axis);
  const differ = op.call('ne', op.call('slice', x, axis, 1, null, 1), op.call('slice', x, axis, 0, -1, 1));
  const marks = op.cast(differ, 'int64');
  const steps =
    others.length === 0 ? marks : op.emit('ReduceMax', [marks, op.intVector(others)], { keepdims: 0 });
  const size = op.vectorOf([op.size(x, axis)]);
  // The first one begins a run, where there is one.
  const first = op.emit('Expand', [op.constant('int64', 1), op.emit('Min', [size, op.intVector([1])])]);
  const begins = op.emit('Concat', [first, steps], { axis: 0 });
  const places = op.reshape(op.emit('NonZero', [begins]), [-1]);
  const ends = op.emit('Concat', [op.call('slice', places, 0, 1, null, 1), size], { axis: 0 });
  const runs = op.emit('Sub', [
    op.emit('CumSum', [begins, op.constant('int64', 0)]),
    op.constant('int64', 1),
  ]);
  return asked(op, [
    op.emit('Gather', [x, places], { axis }),
    op.given('dim') ? runs : op.emit('Reshape', [runs, op.emit('Shape', [given])]),
    op.emit('Sub', [ends, places]),
  ]);
};

/** Adds up the weights of each bin. */
function gathered(op: OpCall, bins: Value, weights: Value, count: Value): Value {
  const empty = op.emit('Expand', [op.constant(weights.dtype, 0), count]);
  return op.emit('ScatterElements', [empty, bins, weights], { axis: 0, reduction: 'add' });
}

const bincount: Lower = (op) => {
  const x = op.cast(op.tensor('self'), 'int64');
  const least = op.emit('Sub', [op.vector('minlength'), op.intVector([1])]);
  const largest = op.emit('ReduceMax', [op.emit('Concat', [x, least], { axis: 0 }), op.intVector([0])]);
  const weights = op.optionalTensor('weights');
  const each = op.emit('Expand', [op.constant('int64', 1), op.emit('Shape', [x])]);
  const wide = weights && (weights.dtype === 'float' ? weights : op.cast(weights, 'double'));
  const isBelow = op.emit('Less', [x, op.constant('int64', 0)]);
  const count = op.emit('Add', [largest, op.intVector([1])]);
  const checked = unless(op, isBelow, 'bincount only supports 1-d non-negative integral inputs.', count);
  return gathered(op, x, wide ?? each, op.reshape(checked, [1]));
};

const histc: Lower = (op) => {
  const x = op.reshape(op.tensor('self'), [-1]);
  if (!isFloat(x.dtype)) return op.fail('integers are not supported');
  const m = new Formula(op, x.dtype);
  const bins = op.int('bins');
  if (bins < 1) op.fail('bins must be > 0');
  const [least, most] = [op.float('min'), op.float('max')];
  const whole = (operator: string) => op.emit(operator, [x, op.intVector([0])], { keepdims: 0 });
  let [low, high] =
    least === most ? [whole('ReduceMin'), whole('ReduceMax')] : [m.value(least), m.value(most)];
  const isFlat = m.equal(low, high);
  [low, high] = [m.where(isFlat, m.sub(low, 1), low), m.where(isFlat, m.add(high, 1), high)];
  const bin = m.of('Floor', m.div(m.mul(m.sub(x, low), bins), m.sub(high, low)));
  const isWithin = op.emit('And', [m.of('LessOrEqual', low, x), m.of('LessOrEqual', x, high)]);
  const kept = m.where(isWithin, m.of('Min', bin, bins - 1), 0);
  return gathered(op, op.cast(kept, 'int64'), op.cast(isWithin, x.dtype), op.intVector([bins]));
};

export const counting = defineOps('Counting', {
  '_unique(Tensor self, bool sorted=True, bool return_inverse=False) -> (Tensor, Tensor)': (op) => {
    const x = op.tensor('self');
    const [values, places] = uniqueOf(op, x);
    const inverse = op.emit('Reshape', [places, op.emit('Shape', [x])]);
    return [values, op.bool('return_inverse') ? inverse : op.tracer.fill('int64', [0], [])];
  },
  '_unique2(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)':
    unique,
  'unique_dim(Tensor self, int dim, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)':
    (op) => uniqueOf(op, op.tensor('self'), op.axis('dim', op.rank(op.tensor('self')))),
  'unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None) -> (Tensor, Tensor, Tensor)':
    uniqueConsecutive,
  'unique_dim_consecutive(Tensor self, int dim, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)':
    uniqueConsecutive,
  'bincount(Tensor self, Tensor? weights=None, int minlength=0)': bincount,
  'histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0)': { lower: histc, limits: 'floats' },
});
