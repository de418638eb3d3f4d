import { isInteger } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

/** Along `dim`, or all where there is none. */
function reduced(op: OpCall, operator: string, x: Value, axes: readonly number[], keep: boolean): Value {
  if (op.rank(x) === 0) return op.emit('Identity', [x]);
  return op.emit(operator, [x, op.intVector(axes)], { keepdims: keep ? 1 : 0 });
}

/** bools and integers are summed as int64. */
function summable(op: OpCall): Value {
  const x = op.tensor('self');
  const dtype = op.dtype() ?? (x.dtype === 'bool' || isInteger(x.dtype) ? 'int64' : x.dtype);
  return op.cast(x, dtype);
}

const along =
  (operator: string, of: (op: OpCall) => Value = (op) => op.tensor('self')): Lower =>
  (op) => {
    const x = of(op);
    return reduced(op, operator, x, op.axes('dim', op.rank(x)), op.bool('keepdim'));
  };

/** All elements to one. */
const all =
  (operator: string, of: (op: OpCall) => Value = (op) => op.tensor('self')): Lower =>
  (op) => {
    const x = of(op);
    return reduced(
      op,
      operator,
      x,
      Array.from({ length: op.rank(x) }, (_, d) => d),
      false,
    );
  };

const floating = (op: OpCall) => {
  const dtype = op.dtype();
  return dtype === undefined ? op.floating() : op.cast(op.floating(), dtype);
};

const extreme =
  (operator: 'Max' | 'Min'): Lower =>
  (op) => {
    const x = op.tensor('self');
    const rank = op.rank(x);
    const axis = op.axis('dim', rank);
    if (rank === 0) return [x, op.constant('int64', 0)];
    const position = op.emit(`Arg${operator}`, [x], { axis, keepdims: op.bool('keepdim') ? 1 : 0 });
    return [reduced(op, `Reduce${operator}`, x, [axis], op.bool('keepdim')), position];
  };

const argument =
  (operator: 'ArgMax' | 'ArgMin'): Lower =>
  (op) => {
    const x = op.tensor('self');
    if (op.given('dim'))
      return op.emit(operator, [x], {
        axis: op.axis('dim', op.rank(x)),
        keepdims: op.bool('keepdim') ? 1 : 0,
      });
    return op.emit(operator, [op.reshape(x, [-1])], { axis: 0, keepdims: 0 });
  };

/** any and all: whether some are true, or none false, also where there are none. */
const truth =
  (counted: boolean, axes: (op: OpCall, rank: number) => number[], keep: (op: OpCall) => boolean): Lower =>
  (op) => {
    const x = op.cast(op.tensor('self'), 'bool');
    const count = op.cast(counted ? x : op.emit('Not', [x]), 'int32');
    const total = reduced(op, 'ReduceSum', count, axes(op, op.rank(x)), keep(op));
    const isNone = op.emit('Equal', [total, op.constant('int32', 0)]);
    return counted ? op.emit('Not', [isNone]) : isNone;
  };
const every = (_op: OpCall, rank: number) => Array.from({ length: rank }, (_, d) => d);

/** @param correction 1 for the estimate from a sample. */
function variance(op: OpCall, axes: readonly number[], correction: number, keep: boolean): Value {
  const x = op.floating();
  const mean = reduced(op, 'ReduceMean', x, axes, true);
  const off = op.emit('Sub', [x, mean]);
  const squares = reduced(op, 'ReduceSum', op.emit('Mul', [off, off]), axes, keep);
  const sizes = op.emit('Gather', [op.emit('Shape', [x]), op.intVector(axes)], { axis: 0 });
  const count = op.cast(op.emit('ReduceProd', [sizes, op.intVector([0])], { keepdims: 0 }), x.dtype);
  return op.emit('Div', [squares, op.emit('Sub', [count, op.constant(x.dtype, correction)])]);
}

const spread =
  (isRoot: boolean, correction: (op: OpCall) => number, hasAxes = true): Lower =>
  (op) => {
    const rank = op.rank(op.tensor('self'));
    const axes = hasAxes ? op.axes('dim', rank) : every(op, rank);
    const result = variance(op, axes, correction(op), hasAxes && op.bool('keepdim'));
    return isRoot ? op.emit('Sqrt', [result]) : result;
  };
const unbiased = (op: OpCall) => (op.bool('unbiased') ? 1 : 0);
const corrected = (op: OpCall) => (op.given('correction') ? op.float('correction') : 1);

const norm: Lower = (op) => {
  const p = op.given('p') ? op.float('p') : 2;
  const x = op.floating();
  const axes = op.axes('dim', op.rank(x));
  const keep = op.bool('keepdim');
  if (p === 1) return reduced(op, 'ReduceL1', x, axes, keep);
  if (p === 2) return reduced(op, 'ReduceL2', x, axes, keep);
  const size = op.emit('Abs', [x]);
  if (p === Infinity) return reduced(op, 'ReduceMax', size, axes, keep);
  if (p === 0 || p < 0) return op.fail(`the norm of order ${p} is not supported`);
  const exponent = (element: number) => op.constant(x.dtype, element);
  const sum = reduced(op, 'ReduceSum', op.emit('Pow', [size, exponent(p)]), axes, keep);
  return op.emit('Pow', [sum, exponent(1 / p)]);
};

const DTYPE = '*, ScalarType? dtype=None';

export const reductions = defineOps('Reductions', {
  [`sum(Tensor self, ${DTYPE})`]: all('ReduceSum', summable),
  [`sum(Tensor self, int[]? dim, bool keepdim=False, ${DTYPE})`]: along('ReduceSum', summable),
  [`mean(Tensor self, ${DTYPE})`]: all('ReduceMean', floating),
  [`mean(Tensor self, int[]? dim, bool keepdim=False, ${DTYPE})`]: along('ReduceMean', floating),
  [`prod(Tensor self, ${DTYPE})`]: all('ReduceProd', summable),
  [`prod(Tensor self, int dim, bool keepdim=False, ${DTYPE})`]: along('ReduceProd', summable),
  'amax(Tensor self, int[] dim=[], bool keepdim=False)': along('ReduceMax'),
  'amin(Tensor self, int[] dim=[], bool keepdim=False)': along('ReduceMin'),
  'logsumexp(Tensor self, int[] dim, bool keepdim=False)': along('ReduceLogSumExp', (op) => op.floating()),
  'max(Tensor self)': all('ReduceMax'),
  'max(Tensor self, Tensor other)': (op) => op.call('maximum', op.raw('self'), op.raw('other')),
  'max(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)': extreme('Max'),
  'min(Tensor self)': all('ReduceMin'),
  'min(Tensor self, Tensor other)': (op) => op.call('minimum', op.raw('self'), op.raw('other')),
  'min(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)': extreme('Min'),
  'argmax(Tensor self, int? dim=None, bool keepdim=False)': argument('ArgMax'),
  'argmin(Tensor self, int? dim=None, bool keepdim=False)': argument('ArgMin'),
  'any(Tensor self)': truth(true, every, () => false),
  'any(Tensor self, int dim, bool keepdim=False)': truth(
    true,
    (op, rank) => op.axes('dim', rank),
    (op) => op.bool('keepdim'),
  ),
  'all(Tensor self)': truth(false, every, () => false),
  'all(Tensor self, int dim, bool keepdim=False)': truth(
    false,
    (op, rank) => op.axes('dim', rank),
    (op) => op.bool('keepdim'),
  ),
  'var(Tensor self, bool unbiased=True)': spread(false, unbiased, false),
  'var(Tensor self, int[]? dim, bool unbiased=True, bool keepdim=False)': spread(false, unbiased),
  'var(Tensor self, int[]? dim=None, *, Scalar? correction=None, bool keepdim=False)': spread(
    false,
    corrected,
  ),
  'std(Tensor self, bool unbiased=True)': spread(true, unbiased, false),
  'std(Tensor self, int[]? dim, bool unbiased=True, bool keepdim=False)': spread(true, unbiased),
  'std(Tensor self, int[]? dim=None, *, Scalar? correction=None, bool keepdim=False)': spread(
    true,
    corrected,
  ),
  ...alike(
    [
      'norm(Tensor self, Scalar? p=2, int[]? dim=None, bool keepdim=False, ScalarType? dtype=None)',
      'linalg_vector_norm(Tensor self, Scalar? p=2, int[]? dim=None, bool keepdim=False, *, ScalarType? dtype=None)',
    ],
    norm,
  ),
  'cumsum(Tensor self, int dim, *, ScalarType? dtype=None)': (op) => {
    const x = summable(op);
    return op.emit('CumSum', [x, op.constant('int64', op.axis('dim', op.rank(x)))]);
  },
  'topk(Tensor self, int k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor, Tensor)': (op) => {
    const x = op.tensor('self');
    const attributes = { axis: op.axis('dim', op.rank(x)), largest: op.bool('largest') ? 1 : 0, sorted: 1 };
    return op.emitMany('TopK', [x, op.vector('k')], attributes, { count: 2 });
  },
  'sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor, Tensor)': sorted(false),
  'argsort(Tensor self, int dim=-1, bool descending=False)': sorted(true),
});

/** Equal elements stay in their order, as TopK has it. */
function sorted(positionsOnly: boolean): Lower {
  return (op) => {
    const x = op.tensor('self');
    const axis = op.axis('dim', op.rank(x));
    const size = op.vectorOf([op.size(x, axis)]);
    const attributes = { axis, largest: op.bool('descending') ? 1 : 0, sorted: 1 };
    const outputs = op.emitMany('TopK', [x, size], attributes, { count: 2 });
    return positionsOnly ? (outputs[1] as Value) : outputs;
  };
}
