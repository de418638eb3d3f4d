import { DATA_TYPES } from '../../onnx-graph/data-types.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps, type OpDefinition } from '../op-registry.ts';

/** Numbers of a distribution in the shape that the input says, of the node's dtype. */
const random = (onnx: string): OpDefinition => ({
  dtypes: ['float', 'double', 'float16'],
  typeAttribute: 'dtype',
  limits: "not TensorFlow's generator: a seed gives other numbers than there",
  lower(op: OpContext) {
    const dtype = op.dtype('dtype');
    const wide = dtype === 'float16' ? 'float' : dtype;
    const zeros = op.emit('Expand', [op.scalar(wide, 0), op.vector(0)]);
    const seed = op.attributes.int('seed', 0) + op.attributes.int('seed2', 0);
    const attributes = { dtype: DATA_TYPES[wide].code, ...(seed !== 0 && { seed: { float: seed } }) };
    const outputs = [{ dtype: wide, shape: zeros.shape }];
    return op.cast(op.emit(onnx, [zeros], attributes, { outputs }), dtype);
  },
});

export const randoms = defineOps('Random numbers', {
  RandomUniform: random('RandomUniformLike'),
  RandomStandardNormal: random('RandomNormalLike'),
});
