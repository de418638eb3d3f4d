import { DATA_TYPES, type DataType } from '../../onnx-graph/data-types.ts';
import { INVERSE_ERF_MIDDLE } from '../../onnx-graph/inverse-error-function.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps, type OpDefinition } from '../op-registry.ts';
import { sizeAt } from './sizes.ts';

const GENERATOR = "not TensorFlow's generator: a seed gives other numbers than there";

function seeded(op: OpContext): { seed?: { float: number } } {
  const seed = op.attributes.int('seed', 0) + op.attributes.int('seed2', 0);
  return seed === 0 ? {} : { seed: { float: seed } };
}

function drawn(op: OpContext, onnx: string, dtype: DataType, shape: Value): Value {
  const zeros = op.emit('Expand', [op.scalar(dtype, 0), shape]);
  const attributes = { dtype: DATA_TYPES[dtype].code, ...seeded(op) };
  return op.emit(onnx, [zeros], attributes, { outputs: [{ dtype, shape: zeros.shape }] });
}

/** Numbers of a distribution in the shape that the input says, of the node's dtype. */
const random = (of: (op: OpContext, dtype: DataType, shape: Value) => Value): OpDefinition => ({
  dtypes: ['float', 'double', 'float16'],
  typeAttribute: 'dtype',
  limits: GENERATOR,
  lower(op: OpContext) {
    const dtype = op.dtype('dtype');
    return op.cast(of(op, dtype === 'float16' ? 'float' : dtype, op.vector(0)), dtype);
  },
});

/** How likely a normal number is not further than two deviations from the mean: erf(sqrt(2)). */
const WITHIN_TWO = 0.9544997361036416;

/** Normal numbers within two deviations: a uniform one is the probability of being below. */
function truncatedNormal(op: OpContext, dtype: DataType, shape: Value): Value {
  const m = op.formula(dtype);
  const uniform = drawn(op, 'RandomUniformLike', dtype, shape);
  const x = m.mul(m.sub(uniform, 0.5), 2 * WITHIN_TWO);
  const w = m.neg(m.log(m.sub(1, m.mul(x, x))));
  // Near enough for float where the argument is between +-0.9966.
  return m.mul(m.polynomial(m.sub(w, 2.5), INVERSE_ERF_MIDDLE), x, Math.SQRT2);
}

export const randoms = defineOps('Random numbers', {
  RandomUniform: random((op, dtype, shape) => drawn(op, 'RandomUniformLike', dtype, shape)),
  RandomStandardNormal: random((op, dtype, shape) => drawn(op, 'RandomNormalLike', dtype, shape)),
  TruncatedNormal: random(truncatedNormal),
  RandomUniformInt: {
    dtypes: ['int32', 'int64'],
    typeAttribute: 'Tout',
    limits: `${GENERATOR}; of 53 bits`,
    lower(op) {
      const [low, high] = [op.input(1), op.input(2)];
      const count = op.cast(op.emit('Sub', [op.cast(high, 'int64'), op.cast(low, 'int64')]), 'double');
      const uniform = drawn(op, 'RandomUniformLike', 'double', op.vector(0));
      const steps = op.emit('Floor', [op.emit('Mul', [uniform, count])]);
      return op.emit('Add', [op.cast(steps, low.dtype), low]);
    },
  },
  RandomShuffle: {
    limits: GENERATOR,
    lower(op) {
      const x = op.input(0);
      const rows = sizeAt(op, x, 0);
      const keys = drawn(op, 'RandomUniformLike', 'float', rows);
      const [, order] = op.emitMany('TopK', [keys, rows], { axis: 0, largest: 1, sorted: 1 }, 2);
      return op.emit('Gather', [x, order as Value], { axis: 0 });
    },
  },
  Multinomial: {
    dtypes: ['float', 'float16'],
    limits: `${GENERATOR}; a constant num_samples`,
    lower(op) {
      const logits = op.cast(op.input(0), 'float');
      const count = op.constantInt(1, 'num_samples');
      const dtype = op.attributes.dtype('output_dtype') ?? 'int64';
      const attributes = { sample_size: count, dtype: DATA_TYPES.int64.code, ...seeded(op) };
      const outputs = [{ dtype: 'int64' as const, shape: [logits.shape?.[0] ?? null, count] }];
      return op.cast(op.emit('Multinomial', [logits], attributes, { outputs }), dtype);
    },
  },
});
