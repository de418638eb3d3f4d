import type { DataType } from '../../onnx-graph/data-types.ts';
import { NUMBERS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';

const DTYPES: readonly DataType[] = ['float', 'double', 'float16', 'int32', 'int64'];

/** The last two dimensions exchanged. */
function flipped(op: OpContext, value: Value, flip: boolean, what: string): Value {
  if (!flip) return value;
  const rank = op.knownRank(value, what);
  const perm = Array.from({ length: rank }, (_, d) => d);
  return op.transpose(value, [...perm.slice(0, -2), rank - 1, rank - 2]);
}

const batchMatMul: OpDefinition = {
  dtypes: DTYPES,
  lower(op) {
    const x = flipped(op, op.input(0), op.attributes.bool('adj_x'), 'first operand');
    const y = flipped(op, op.input(1), op.attributes.bool('adj_y'), 'second operand');
    return op.emit('MatMul', [x, y]);
  },
};

export const matrices = defineOps('Matrices', {
  MatMul: {
    dtypes: DTYPES,
    ranks: [2, 2],
    lower(op) {
      const flip = (value: Value, attribute: string) =>
        op.attributes.bool(attribute) ? op.transpose(value, [1, 0]) : value;
      return op.emit('MatMul', [flip(op.input(0), 'transpose_a'), flip(op.input(1), 'transpose_b')]);
    },
  },
  ...alike(['BatchMatMul', 'BatchMatMulV2'], batchMatMul),
  BatchMatMulV3: {
    ...batchMatMul,
    dtypes: DTYPES,
    typeAttribute: 'Ta',
    limits: 'both operands of the dtype that comes out',
  },
  Einsum: {
    dtypes: DTYPES,
    limits: 'ellipses of one rank, which the result has too; no label twice in the result',
    lower(op: OpContext) {
      const equation = op.attributes.text('equation', '');
      const [operands = '', result, ...more] = equation.split('->');
      if (result === undefined || more.length > 0)
        return op.fail(`its equation '${equation}' does not have one ->`);
      const labels = result.replaceAll(/[^A-Za-z]/g, '');
      if (new Set(labels).size < labels.length)
        op.fail(`its equation '${equation}' repeats a label of the result`);
      if (operands.includes('...') && !result.includes('...'))
        op.fail(`its equation '${equation}' has no ellipsis in the result`);
      return op.emit('Einsum', op.inputs, { equation });
    },
  },
  Cross: {
    dtypes: NUMBERS,
    lower(op) {
      const turned = (value: Value, order: readonly number[]) =>
        op.emit('Gather', [value, op.ints(order)], { axis: -1 });
      const products = (left: readonly number[], right: readonly number[]) =>
        op.emit('Mul', [turned(op.input(0), left), turned(op.input(1), right)]);
      return op.emit('Sub', [products([1, 2, 0], [2, 0, 1]), products([2, 0, 1], [1, 2, 0])]);
    },
  },
  MatrixDeterminant: {
    dtypes: ['float'],
    lower: (op) =>
      op.emit(
        'Det',
        [op.input(0)],
        {},
        {
          outputs: [{ dtype: 'float', shape: op.input(0).shape?.slice(0, -2) }],
        },
      ),
  },
});
