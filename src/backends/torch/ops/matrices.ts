import { isFloat } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { isNumber, numberOf } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { unexpanded } from './expansions.ts';

/** x times the transposed weight, plus the bias. */
export function linear(op: OpCall, x: Value, weight: Value, bias: Value | undefined): Value {
  if (op.rank(x) === 2 && op.rank(weight) === 2) {
    return op.emit('Gemm', bias === undefined ? [x, weight] : [x, weight, bias], { transB: 1 });
  }
  const turned = op.rank(weight) < 2 ? weight : op.emit('Transpose', [weight], { perm: [1, 0] });
  const product = matmul(op, x, turned);
  return bias === undefined ? product : op.emit('Add', [product, bias]);
}

/** Vectors are a row on the left, a column on the right, and lose that dimension again. */
export function matmul(op: OpCall, a: Value, b: Value): Value {
  const [isRow, isColumn] = [op.rank(a) === 1, op.rank(b) === 1];
  const left = isRow ? op.emit('Unsqueeze', [a, op.intVector([0])]) : a;
  const right = isColumn ? op.emit('Unsqueeze', [b, op.intVector([1])]) : b;
  const product = op.emit('MatMul', [left, unexpanded(op, right, left)]);
  const gone = [...(isRow ? [op.rank(product) - 2] : []), ...(isColumn ? [op.rank(product) - 1] : [])];
  return gone.length === 0 ? product : op.emit('Squeeze', [product, op.intVector(gone)]);
}

/** The last two dimensions the other way round. */
export function swapped(op: OpCall, x: Value): Value {
  const rank = op.rank(x);
  const perm = Array.from({ length: rank }, (_, d) => d)
    .with(-2, rank - 1)
    .with(-1, rank - 2);
  return op.emit('Transpose', [x], { perm });
}

const product =
  (other: string): Lower =>
  (op) => {
    const [a, b] = op.promoted('self', other) as [Value, Value];
    return matmul(op, a, b);
  };

/** Undefined where it depends on the sizes of the inputs. */
function knownNumber(op: OpCall, name: string): number | undefined {
  const value = op.raw(name);
  return isNumber(value) ? numberOf(value) : undefined;
}

/** beta times a tensor plus alpha times a product. */
const added =
  (left: string, right: string): Lower =>
  (op) => {
    const [bias, a, b] = op.promoted('self', left, right) as [Value, Value, Value];
    const [beta, alpha] = ['beta', 'alpha'].map((name) => knownNumber(op, name));
    const isPlain = op.rank(a) === 2 && op.rank(b) === 2 && isFloat(a.dtype);
    if (isPlain && alpha !== undefined && beta !== undefined) {
      return op.emit('Gemm', [a, b, bias], { alpha: { float: alpha }, beta: { float: beta } });
    }
    const scale = (value: Value, name: string, by: number | undefined) =>
      by === 1 ? value : op.emit('Mul', [value, op.scalar(name, value.dtype)]);
    const scaled = scale(matmul(op, a, b), 'alpha', alpha);
    return beta === 0 ? scaled : op.emit('Add', [scale(bias, 'beta', beta), scaled]);
  };

export const matrices = defineOps('Matrices', {
  'linear(Tensor self, Tensor weight, Tensor? bias=None)': (op) =>
    linear(op, op.tensor('self'), op.tensor('weight'), op.optionalTensor('bias')),
  'matmul(Tensor self, Tensor other)': product('other'),
  'mm(Tensor self, Tensor mat2)': product('mat2'),
  'bmm(Tensor self, Tensor mat2)': product('mat2'),
  'mv(Tensor self, Tensor vec)': product('vec'),
  ...alike(['dot(Tensor self, Tensor tensor)', 'vdot(Tensor self, Tensor tensor)'], product('tensor')),
  ...alike(
    ['addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1)'],
    added('mat1', 'mat2'),
  ),
  ...alike(
    ['baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1)'],
    added('batch1', 'batch2'),
  ),
  'bilinear(Tensor self, Tensor input2, Tensor weight, Tensor? bias=None)': (op) => {
    const [a, b, weight] = ['self', 'input2', 'weight'].map((name) => op.tensor(name)) as [
      Value,
      Value,
      Value,
    ];
    const [left, right] = [a, b].map((x, i) => op.emit('Unsqueeze', [x, op.intVector([i === 0 ? -1 : -2])]));
    const products = op.emit('Mul', [left as Value, right as Value]);
    const pairs = op.knownSize(weight, 1) * op.knownSize(weight, 2);
    const outer = Array.from({ length: op.rank(a) - 1 }, (_, d) => op.size(a, d));
    const flat = op.emit('Reshape', [products, op.vectorOf([...outer, pairs])]);
    return linear(op, flat, op.reshape(weight, [0, pairs]), op.optionalTensor('bias'));
  },
});
