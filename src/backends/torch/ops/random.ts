import { DATA_TYPES, type DataType, isFloat } from '../../onnx-graph/data-types.ts';
import { Formula } from '../../onnx-graph/formula.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { ScriptValue } from '../interpreter/values.ts';
import { defineOps, type Lower, type OpDefinition } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import type { TracedTensor } from '../tracing/traced-tensor.ts';

const LIMITS = "not torch's generator: other numbers in every run";

type Random = Pick<OpDefinition, 'lower' | 'limits'>;
const random = (lower: Lower): Random => ({ lower, limits: LIMITS });

function drawn(
  op: OpCall,
  of: 'RandomUniformLike' | 'RandomNormalLike',
  dtype: DataType,
  shape: Value,
): Value {
  const own = dtype === 'double' ? 'double' : 'float';
  const zeros = op.emit('Expand', [op.constant(own, 0), shape]);
  const outputs = [{ dtype: own, shape: zeros.shape } as const];
  return op.cast(op.emit(of, [zeros], { dtype: DATA_TYPES[own].code }, { outputs }), dtype);
}

/** From 0 up to 1, 1 left out. */
const uniform = (op: OpCall, dtype: DataType, shape: Value) => drawn(op, 'RandomUniformLike', dtype, shape);
const normal = (op: OpCall, dtype: DataType, shape: Value) => drawn(op, 'RandomNormalLike', dtype, shape);

/** Integers from low up to high, high left out. */
function integers(op: OpCall, low: ScriptValue, high: ScriptValue, dtype: DataType, shape: Value): Value {
  const isKnown = typeof low === 'number' && typeof high === 'number';
  if (isKnown && low >= high)
    return op.fail(`expects 'from' to be less than 'to', but got from=${low} >= to=${high}`);
  const m = new Formula(op, 'double');
  const [from, to] = [op.scalarOf(low, 'double'), op.scalarOf(high, 'double')];
  const steps = m.of('Floor', m.mul(uniform(op, 'double', shape), m.sub(to, from)));
  return op.cast(m.add(steps, from), dtype);
}

/** With the probabilities of `chances`. */
function bernoulli(op: OpCall, chances: Value, shape: Value, dtype: DataType): Value {
  return op.cast(op.emit('Less', [uniform(op, chances.dtype, shape), chances]), dtype);
}

/** The largest of logarithms of chances with Gumbel's noise is each one with its chance. */
function noisy(op: OpCall, chances: Value, shape: Value): Value {
  const m = new Formula(op, 'double');
  // The least number above 0 that is drawn is 2^-53.
  const draw = m.of('Max', uniform(op, 'double', shape), 2 ** -54);
  return m.sub(m.log(op.cast(chances, 'double')), m.log(m.neg(m.log(draw))));
}

function multinomial(op: OpCall): Value {
  const chances = op.tensor('self');
  const rank = op.rank(chances);
  const shape = op.emit('Shape', [chances]);
  if (!op.bool('replacement')) {
    const keys = noisy(op, chances, shape);
    const attributes = { axis: rank - 1, largest: 1, sorted: 1 };
    return op.emitMany('TopK', [keys, op.vector('num_samples')], attributes, { count: 2 })[1] as Value;
  }
  const row = op.emit('Unsqueeze', [chances, op.intVector([rank - 1])]);
  const sizes = [...op.sizes(chances).slice(0, -1), op.raw('num_samples'), op.size(chances, rank - 1)];
  const keys = noisy(op, row, op.vectorOf(sizes));
  return op.emit('ArgMax', [keys], { axis: rank, keepdims: 0 });
}

/** Fills the tensor itself. */
const filling = (of: (op: OpCall, dtype: DataType, shape: Value) => Value): Random =>
  random((op) => {
    const target = op.raw('self') as TracedTensor;
    const { dtype } = target.value;
    const own = isFloat(dtype) ? dtype : 'float';
    op.tracer.write(target, of(op, own, op.emit('Shape', [target.value])));
    return { value: target };
  });

/** A formula of one draw in the dtype. */
function scaled(op: OpCall, dtype: DataType, draw: Value, by: ScriptValue, offset: ScriptValue): Value {
  const m = new Formula(op, dtype);
  return m.add(m.mul(draw, op.operand(by, dtype)), op.operand(offset, dtype));
}

const OPTIONS = 'ScalarType? dtype=None, Any layout=None, Any device=None, Any pin_memory=None';
const LIKE = `*, ${OPTIONS}, Any memory_format=None`;
const GENERATOR = '*, Any generator=None';

/** Of a size, and of the size of a tensor. */
function draws(name: 'rand' | 'randn', of: typeof uniform): Record<string, Random> {
  return {
    [`${name}(int[] size, ${GENERATOR}, Any names=None, ${OPTIONS})`]: random((op) =>
      of(op, op.dtype() ?? 'float', op.vector('size')),
    ),
    [`${name}_like(Tensor self, ${LIKE})`]: random((op) => {
      const x = op.tensor('self');
      return of(op, op.dtype() ?? x.dtype, op.emit('Shape', [x]));
    }),
  };
}

/** @param parameters `low` may be left out. */
function integerDraws(low: 'int low, ' | ''): Record<string, Random> {
  const from = (op: OpCall) => (low === '' ? 0 : op.raw('low'));
  return {
    [`randint(${low}int high, int[] size, ${GENERATOR}, ${OPTIONS})`]: random((op) =>
      integers(op, from(op), op.raw('high'), op.dtype() ?? 'int64', op.vector('size')),
    ),
    [`randint_like(Tensor self, ${low}int high, ${LIKE})`]: random((op) => {
      const x = op.tensor('self');
      return integers(op, from(op), op.raw('high'), op.dtype() ?? x.dtype, op.emit('Shape', [x]));
    }),
  };
}

export const randoms = defineOps('Random numbers', {
  ...draws('rand', uniform),
  ...draws('randn', normal),
  ...integerDraws('int low, '),
  ...integerDraws(''),
  [`randperm(int n, ${GENERATOR}, ${OPTIONS})`]: random((op) => {
    const size = op.vector('n');
    const keys = uniform(op, 'double', size);
    const [, order] = op.emitMany('TopK', [keys, size], { axis: 0 }, { count: 2 });
    return op.cast(order as Value, op.dtype() ?? 'int64');
  }),
  [`bernoulli(Tensor self, ${GENERATOR})`]: random((op) => {
    const chances = op.tensor('self');
    return bernoulli(op, chances, op.emit('Shape', [chances]), chances.dtype);
  }),
  [`bernoulli(Tensor self, float p, ${GENERATOR})`]: random((op) => {
    const x = op.tensor('self');
    return bernoulli(op, op.scalar('p', 'float'), op.emit('Shape', [x]), x.dtype);
  }),
  [`normal(Operand mean, Operand std=1, ${GENERATOR})`]: random((op) => {
    const [mean, deviation] = op.promoted('mean', 'std') as [Value, Value];
    const shape = op.emit('Shape', [op.emit('Add', [mean, deviation])]);
    const m = new Formula(op, mean.dtype);
    return m.add(m.mul(normal(op, mean.dtype, shape), deviation), mean);
  }),
  [`normal(float mean, float std, int[] size, ${GENERATOR}, ${OPTIONS})`]: random((op) => {
    const dtype = op.dtype() ?? 'float';
    return scaled(op, dtype, normal(op, dtype, op.vector('size')), op.raw('std'), op.raw('mean'));
  }),
  [`multinomial(Tensor self, int num_samples, bool replacement=False, ${GENERATOR})`]: random(multinomial),
  [`normal_(Tensor self, float mean=0.0, float std=1.0, ${GENERATOR})`]: filling((op, dtype, shape) =>
    scaled(op, dtype, normal(op, dtype, shape), op.raw('std'), op.raw('mean')),
  ),
  [`uniform_(Tensor self, float from=0.0, float to=1.0, ${GENERATOR})`]: filling((op, dtype, shape) => {
    const m = new Formula(op, dtype);
    const [from, to] = [op.scalar('from', dtype), op.scalar('to', dtype)];
    return m.add(m.mul(uniform(op, dtype, shape), m.sub(to, from)), from);
  }),
  [`random_(Tensor self, int from, int? to, ${GENERATOR})`]: filling((op, _, shape) =>
    integers(op, op.raw('from'), op.raw('to'), 'double', shape),
  ),
  [`log_normal_(Tensor self, float mean=1.0, float std=2.0, ${GENERATOR})`]: filling((op, dtype, shape) =>
    op.emit('Exp', [scaled(op, dtype, normal(op, dtype, shape), op.raw('std'), op.raw('mean'))]),
  ),
  [`geometric_(Tensor self, float p, ${GENERATOR})`]: filling((op, dtype, shape) => {
    const m = new Formula(op, dtype);
    const trials = m.div(m.log(m.sub(1, uniform(op, dtype, shape))), Math.log1p(-op.float('p')));
    return m.of('Max', m.of('Ceil', trials), 1);
  }),
  [`exponential_(Tensor self, float lambd=1.0, ${GENERATOR})`]: filling((op, dtype, shape) => {
    const m = new Formula(op, dtype);
    // 1 is not drawn, so that no logarithm is taken of 0.
    const draw = m.log(m.sub(1, uniform(op, dtype, shape)));
    return m.neg(m.div(draw, op.scalar('lambd', dtype)));
  }),
});
