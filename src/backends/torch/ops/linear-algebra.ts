import { Formula } from '../../onnx-graph/formula.ts';
import { sameDim, type Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower, views } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { checkElements, unless } from './checks.ts';
import { isLonger } from './lengths.ts';
import { matmul, swapped } from './matrices.ts';
import { everyAxis, extremeOf, normOf } from './reductions.ts';

/** ONNX Runtime takes it for granted that the matrices are square, and reads past the end of those that are not. */
function square(op: OpCall, x: Value): Value {
  const rank = op.rank(x);
  if (rank < 2) return op.fail('A must be at least 2-D');
  const [rows, columns] = x.shape?.slice(-2) ?? [];
  if (sameDim(rows ?? null, columns ?? null)) return x;
  const reason = 'A must be batches of square matrices';
  if (typeof rows === 'number' && typeof columns === 'number') return op.fail(reason);
  const [down, across] = [rank - 2, rank - 1].map((axis) => op.vectorOf([op.size(x, axis)]));
  const isOther = op.emit('Not', [op.emit('Equal', [down as Value, across as Value])]);
  const checked = op.reshape(unless(op, isOther, reason, across as Value), [1]);
  const before = op.emit('Slice', [op.emit('Shape', [x]), op.intVector([0]), op.intVector([-1])]);
  const sizes = op.emit('Concat', [before, checked], { axis: 0 });
  return op.emit('Reshape', [x, sizes], { allowzero: 1 });
}

function inverse(op: OpCall, given: Value): Value {
  const x = square(op, given);
  const outputs = [{ dtype: x.dtype, shape: given.shape }];
  return op.emit('Inverse', [x], {}, { domain: 'com.microsoft', outputs });
}

/** ONNX Runtime has it for float alone. */
function determinant(op: OpCall): Value {
  const x = op.floating();
  if (x.dtype === 'double') return op.fail('of DOUBLE is not supported');
  return op.emit('Det', [x], {}, { outputs: [{ dtype: x.dtype, shape: x.shape?.slice(0, -2) }] });
}

function matrixPower(op: OpCall): Value {
  const x = op.tensor('self');
  const n = op.int('n');
  if (n === 0) {
    const size = op.scalarOf(op.size(x, op.rank(x) - 1), 'int64');
    const places = op.emit('Range', [op.constant('int64', 0), size, op.constant('int64', 1)]);
    const isOn = op.emit('Equal', [places, op.emit('Unsqueeze', [places, op.intVector([1])])]);
    return op.emit('Expand', [op.cast(isOn, x.dtype), op.emit('Shape', [x])]);
  }
  const base = n < 0 ? inverse(op, x) : x;
  const product = (power: number): Value => {
    if (power === 1) return base;
    const half = product(Math.floor(power / 2));
    const squared = op.emit('MatMul', [half, half]);
    return power % 2 === 0 ? squared : op.emit('MatMul', [squared, base]);
  };
  return product(Math.abs(n));
}

/** The largest or smallest sum of a column (1, -1) or a row (infinity), or the root of all squares. */
function matrixNorm(
  op: OpCall,
  x: Value,
  order: number | 'fro',
  dims: readonly number[],
  keep: boolean,
): Value {
  const [rows, columns] = dims.map((dim) => op.checkedAxis(dim, op.rank(x))) as [number, number];
  if (order === 'fro')
    return op.emit('ReduceL2', [x, op.intVector([rows, columns])], { keepdims: keep ? 1 : 0 });
  const isOfColumns = Math.abs(order) === 1;
  if (!isOfColumns && Math.abs(order) !== Infinity)
    return op.fail(`the norm of order ${order} of a matrix is not supported`);
  const [summed, left] = isOfColumns ? [rows, columns] : [columns, rows];
  const sums = op.emit('ReduceL1', [x, op.intVector([summed])], { keepdims: 1 });
  const most = extremeOf(op, order > 0 ? 'Max' : 'Min', sums, [left], true);
  return keep ? most : op.emit('Squeeze', [most, op.intVector([rows, columns])]);
}

function ofDtype(op: OpCall): Value {
  const x = op.floating();
  return op.cast(x, op.dtype() ?? x.dtype);
}

/** `fro` is the only one that has a name and needs no singular values. */
function named(op: OpCall): 'fro' {
  const order = op.text('ord');
  return order === 'fro' ? order : op.fail(`the norm '${order}' is not supported`);
}

const linalgNorm: Lower = (op) => {
  const given = ofDtype(op);
  const keep = op.bool('keepdim');
  const dims = op.given('dim') ? op.ints('dim') : null;
  if (!op.given('ord')) {
    const axes =
      dims === null ? op.axes('dim', op.rank(given)) : dims.map((dim) => op.checkedAxis(dim, op.rank(given)));
    return normOf(op, given, 2, axes, keep);
  }
  const isMatrix = dims === null ? op.rank(given) === 2 : dims.length === 2;
  if (isMatrix) return matrixNorm(op, given, op.float('ord'), dims ?? [0, 1], keep);
  return normOf(op, given, op.float('ord'), op.axes('dim', op.rank(given)), keep);
};

/** The distances between all rows of the one and of the other. */
function distances(op: OpCall, x: Value, y: Value, p: number): Value {
  const isLarge = p === 2 && [x, y].some((rows) => isLonger(op, rows, op.rank(rows) - 2, 25));
  if (isLarge && op.raw('compute_mode') !== 2) return euclidean(op, x, y);
  const wide = op.emit('Sub', [
    op.emit('Unsqueeze', [x, op.intVector([-2])]),
    op.emit('Unsqueeze', [y, op.intVector([-3])]),
  ]);
  return normOf(op, wide, p, [op.rank(wide) - 1], false);
}

/** By the product of the matrices, as torch does it for more than 25 rows: less exact where two are near each other. */
function euclidean(op: OpCall, x: Value, y: Value): Value {
  const m = new Formula(op, x.dtype);
  const squares = (rows: Value) => op.emit('ReduceSumSquare', [rows, op.intVector([-1])], { keepdims: 1 });
  const product = matmul(op, x, swapped(op, y));
  const sum = m.add(squares(x), swapped(op, squares(y)));
  return m.sqrt(m.of('Max', m.sub(sum, m.mul(product, 2)), 0));
}

/** The distances of all pairs of rows, each pair once. */
function pairDistances(op: OpCall): Value {
  const x = op.tensor('self');
  const count = op.knownSize(x, 0);
  checkElements(op, (count * (count - 1)) / 2);
  const pairs = Array.from({ length: count }, (_, i) => i).flatMap((i) =>
    Array.from({ length: count - i - 1 }, (_, k) => [i, i + k + 1] as const),
  );
  const rows = (side: 0 | 1) =>
    op.emit('Gather', [x, op.intVector(pairs.map((pair) => pair[side]))], { axis: 0 });
  return normOf(op, op.emit('Sub', [rows(0), rows(1)]), op.float('p'), [1], false);
}

/** Over all dimensions but one; over all where that is -1. */
function normExcept(op: OpCall, x: Value, p: number): Value {
  const dim = op.int('dim');
  return normOf(
    op,
    x,
    p,
    everyAxis(op, x).filter((axis) => axis !== dim),
    dim !== -1,
  );
}

/** How rows vary with each other. */
function covariance(op: OpCall, given: Value, correction: number): Value {
  const x = op.rank(given) < 2 ? op.reshape(given, [1, -1]) : given;
  const m = new Formula(op, x.dtype);
  const off = m.sub(x, op.emit('ReduceMean', [x, op.intVector([1])], { keepdims: 1 }));
  const count = op.cast(op.scalarOf(op.size(x, 1), 'int64'), x.dtype);
  const product = op.emit('MatMul', [off, swapped(op, off)]);
  const found = m.div(product, m.of('Max', m.sub(count, correction), 0));
  return op.rank(given) < 2 ? op.reshape(found, []) : found;
}

function correlation(op: OpCall): Value {
  const x = op.floating();
  const found = covariance(op, x, 1);
  const m = new Formula(op, found.dtype);
  if (op.rank(found) === 0) return m.div(found, found);
  const deviations = m.sqrt(op.call('diagonal', found));
  const scaled = m.div(m.div(found, op.emit('Unsqueeze', [deviations, op.intVector([1])])), deviations);
  return m.of('Max', m.of('Min', scaled, 1), -1);
}

const REST = 'bool keepdim=False, *, ScalarType? dtype=None';
const FLOAT = 'FLOAT';

export const linearAlgebra = defineOps('Linear algebra', {
  ...Object.fromEntries(
    ['det', 'linalg_det'].map((name) => [`${name}(Tensor self)`, { lower: determinant, limits: FLOAT }]),
  ),
  'logdet(Tensor self)': { lower: (op) => op.emit('Log', [determinant(op)]), limits: FLOAT },
  ...Object.fromEntries(
    ['slogdet', 'linalg_slogdet'].map((name) => [
      `${name}(Tensor self) -> (Tensor, Tensor)`,
      {
        limits: FLOAT,
        lower: (op: OpCall) => {
          const found = determinant(op);
          return [op.emit('Sign', [found]), op.emit('Log', [op.emit('Abs', [found])])];
        },
      },
    ]),
  ),
  ...alike(['inverse(Tensor self)', 'linalg_inv(Tensor self)'], (op: OpCall) => inverse(op, op.floating())),
  'linalg_solve(Tensor self, Tensor B, *, bool left=True)': {
    limits: 'by the inverse',
    lower: (op) => {
      const [x, b] = [inverse(op, op.floating()), op.tensor('B')];
      return op.bool('left') ? matmul(op, x, b) : matmul(op, b, x);
    },
  },
  ...alike(['matrix_power(Tensor self, int n)', 'linalg_matrix_power(Tensor self, int n)'], matrixPower),
  ...alike(['linalg_multi_dot(Tensor[] tensors)', 'chain_matmul(Tensor[] matrices)'], (op: OpCall) =>
    (op.has('tensors') ? op.tensors('tensors') : op.tensors('matrices')).reduce((x, y) => matmul(op, x, y)),
  ),
  'linalg_vecdot(Tensor self, Tensor y, *, int dim=-1)': (op) =>
    op.call('sum', op.call('mul', op.raw('self'), op.raw('y')), [op.int('dim')]),
  [`linalg_norm(Tensor self, Scalar? ord=None, int[]? dim=None, ${REST})`]: {
    lower: linalgNorm,
    limits: 'no singular values',
  },
  [`linalg_norm(Tensor self, str ord, int[]? dim=None, ${REST})`]: {
    lower: (op) => {
      const x = ofDtype(op);
      const dims = op.given('dim') ? op.ints('dim') : [op.rank(x) - 2, op.rank(x) - 1];
      return matrixNorm(op, x, named(op), dims, op.bool('keepdim'));
    },
    limits: "'fro'",
  },
  [`linalg_matrix_norm(Tensor self, Scalar ord, int[] dim=[-2,-1], ${REST})`]: {
    lower: (op) => matrixNorm(op, ofDtype(op), op.float('ord'), op.ints('dim'), op.bool('keepdim')),
    limits: 'no singular values',
  },
  [`linalg_matrix_norm(Tensor self, str ord=fro, int[] dim=[-2,-1], ${REST})`]: {
    lower: (op) => matrixNorm(op, ofDtype(op), named(op), op.ints('dim'), op.bool('keepdim')),
    limits: "'fro'",
  },
  ...views({
    'linalg_diagonal(Tensor self, *, int offset=0, int dim1=-2, int dim2=-1)': (op) =>
      op.call('diagonal', op.tensor('self'), op.raw('offset'), op.raw('dim1'), op.raw('dim2')),
  }),
  'cdist(Tensor self, Tensor x2, float p=2, int? compute_mode=None)': (op) => {
    const [x, y] = op.promoted('self', 'x2') as [Value, Value];
    return distances(op, x, y, op.float('p'));
  },
  'norm_except_dim(Tensor self, int pow=2, int dim=0)': (op) =>
    normExcept(op, op.tensor('self'), op.int('pow')),
  '_weight_norm(Tensor self, Tensor g, int dim=0)': (op) => {
    const m = new Formula(op, op.tensor('self').dtype);
    const norm = normExcept(op, op.tensor('self'), 2);
    return m.mul(op.tensor('self'), m.div(op.tensor('g'), norm));
  },
  'pdist(Tensor self, float p=2)': pairDistances,
  'cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None)': {
    limits: 'no weights',
    lower: (op) => {
      if (op.given('fweights') || op.given('aweights')) op.fail('weights are not supported');
      return covariance(op, op.floating(), op.int('correction'));
    },
  },
  'corrcoef(Tensor self)': correlation,
});
