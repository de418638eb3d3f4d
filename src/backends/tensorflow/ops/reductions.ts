import { FLOATS, isFloat, NUMBERS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps, type OpDefinition } from '../op-registry.ts';

function reduced(op: OpContext, onnx: string, x: Value): Value {
  const keep = op.attributes.bool('keep_dims') || op.attributes.bool('keepdims');
  // No axes reduce nothing here, and everything in ONNX unless it is told.
  return op.emit(onnx, [x, op.vector(1)], { keepdims: keep ? 1 : 0, noop_with_empty_axes: 1 });
}

const reduce = (onnx: string, dtypes = NUMBERS): OpDefinition => ({
  dtypes,
  lower: (op) => reduced(op, onnx, op.input(0)),
});

const reduceBool = (onnx: string): OpDefinition => ({ lower: (op) => reduced(op, onnx, op.input(0)) });

const arg = (onnx: string, never: number): OpDefinition => ({
  dtypes: NUMBERS,
  lower(op) {
    const x = op.input(0);
    const axis = op.constantInt(1, 'axis');
    // NaN is passed over; ONNX Runtime would stop at one that comes first.
    const ordered = isFloat(x.dtype)
      ? op.emit('Where', [op.emit('IsNaN', [x]), op.scalar(x.dtype, never), x])
      : x;
    const index = op.emit(onnx, [ordered], { axis, keepdims: 0 });
    return op.cast(index, op.attributes.dtype('output_type') ?? 'int64');
  },
});

export const reductions = defineOps('Reductions', {
  Sum: reduce('ReduceSum'),
  Mean: reduce('ReduceMean'),
  Max: reduce('ReduceMax'),
  Min: reduce('ReduceMin'),
  Prod: reduce('ReduceProd'),
  EuclideanNorm: reduce('ReduceL2', FLOATS),
  All: reduceBool('ReduceMin'),
  Any: reduceBool('ReduceMax'),
  ArgMax: arg('ArgMax', Number.NEGATIVE_INFINITY),
  ArgMin: arg('ArgMin', Number.POSITIVE_INFINITY),
});
