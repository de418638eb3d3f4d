import { type DataType, isFloat, isInteger } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedNumber } from '../tracing/traced-tensor.ts';

/** Over the axes; of a tensor without dimensions it is itself. */
export function reduced(
  op: OpCall,
  operator: string,
  x: Value,
  axes: readonly number[],
  keep: boolean,
): Value {
  if (op.rank(x) === 0) return op.emit('Identity', [x]);
  return op.emit(operator, [x, op.intVector(axes)], { keepdims: keep ? 1 : 0 });
}

export function everyAxis(op: OpCall, x: Value): number[] {
  return Array.from({ length: op.rank(x) }, (_, d) => d);
}

/** Whether there is a NaN among the elements that come together: ONNX's extremes pass over it. */
function hasNaN(op: OpCall, x: Value, axes: readonly number[], keep: boolean): Value {
  const marks = op.cast(op.emit('IsNaN', [x]), 'uint8');
  return op.cast(reduced(op, 'ReduceMax', marks, axes, keep), 'bool');
}

/** The largest or the least; NaN where there is one. */
export function extremeOf(
  op: OpCall,
  operator: 'Max' | 'Min',
  x: Value,
  axes: readonly number[],
  keep: boolean,
): Value {
  if (isEmpty(op, x, axes) === true) op.fail('Expected reduction dim to have non-zero size.');
  const found = reduced(op, `Reduce${operator}`, x, axes, keep);
  if (!isFloat(x.dtype) || op.rank(x) === 0) return found;
  return op.emit('Where', [hasNaN(op, x, axes, keep), op.constant(x.dtype, Number.NaN), found]);
}

/** Where it is; the first of them. */
function positionOf(op: OpCall, operator: 'Max' | 'Min', x: Value, axis: number, keep: boolean): Value {
  const attributes = { axis, keepdims: keep ? 1 : 0 };
  const found = op.emit(`Arg${operator}`, [x], attributes);
  if (!isFloat(x.dtype)) return found;
  const ofNaN = op.emit('ArgMax', [op.cast(op.emit('IsNaN', [x]), 'uint8')], attributes);
  return op.emit('Where', [hasNaN(op, x, [axis], keep), ofNaN, found]);
}

/** How many elements come together, as a scalar of the dtype. */
function countOf(op: OpCall, x: Value, axes: readonly number[], dtype: DataType): Value {
  const sizes = op.emit('Gather', [op.emit('Shape', [x]), op.intVector(axes)], { axis: 0 });
  return op.cast(op.emit('ReduceProd', [sizes, op.intVector([0])], { keepdims: 0 }), dtype);
}

/** Whether there are no elements along the axes, in all runs that the trace serves; undefined where only a run tells. */
function isEmpty(op: OpCall, x: Value, axes: readonly number[]): boolean | undefined {
  if (op.rank(x) === 0) return false;
  const open = axes.filter((axis) => typeof x.shape?.[axis] !== 'number');
  const isFromInput = (axis: number) =>
    op.tracer.inputs.some(({ shape }) => shape?.includes(x.shape?.[axis] ?? ''));
  if (!open.every(isFromInput)) return undefined;
  return axes.some((axis) => isZero(op, op.size(x, axis)));
}

/** ONNX Runtime says 0 where there are no elements. Where a size is only told by a run, that is asked in the graph. */
function meanOf(op: OpCall, x: Value, axes: readonly number[], keep: boolean): Value {
  if (isEmpty(op, x, axes) === false) return reduced(op, 'ReduceMean', x, axes, keep);
  return op.emit('Div', [reduced(op, 'ReduceSum', x, axes, keep), countOf(op, x, axes, x.dtype)]);
}

/** In the run that is traced, and in all that the trace serves. */
function isZero(op: OpCall, size: number | TracedNumber): boolean {
  const found = typeof size === 'number' ? size === 0 : op.tracer.symbolic('==', size, 0);
  return found instanceof TracedNumber ? op.tracer.truth(found) : found === true;
}

/** bools and integers are summed as int64. */
export function summable(op: OpCall): Value {
  const x = op.tensor('self');
  const dtype = op.dtype() ?? (x.dtype === 'bool' || isInteger(x.dtype) ? 'int64' : x.dtype);
  return op.cast(x, dtype);
}

type Reduce = (op: OpCall, x: Value, axes: readonly number[], keep: boolean) => Value;

const by =
  (operator: string): Reduce =>
  (op, x, axes, keep) =>
    reduced(op, operator, x, axes, keep);
const extremeBy =
  (operator: 'Max' | 'Min'): Reduce =>
  (op, x, axes, keep) =>
    extremeOf(op, operator, x, axes, keep);

/** Over the axes of the argument `dim`; over all where none is given. */
const along =
  (reduce: Reduce, of: (op: OpCall) => Value = (op) => op.tensor('self')): Lower =>
  (op) => {
    const x = of(op);
    return reduce(op, x, op.axes('dim', op.rank(x)), op.bool('keepdim'));
  };

/** All elements to one. */
const all =
  (reduce: Reduce, of: (op: OpCall) => Value = (op) => op.tensor('self')): Lower =>
  (op) => {
    const x = of(op);
    return reduce(op, x, everyAxis(op, x), false);
  };

const floating = (op: OpCall) => {
  const dtype = op.dtype();
  return dtype === undefined ? op.floating() : op.cast(op.floating(), dtype);
};

/** The tensor with `instead` of what is no number. */
function numbersIn(op: OpCall, x: Value, instead: number): Value {
  if (!isFloat(x.dtype)) return x;
  return op.emit('Where', [op.emit('IsNaN', [x]), op.constant(x.dtype, instead), x]);
}

const extreme =
  (operator: 'Max' | 'Min'): Lower =>
  (op) => {
    const x = op.tensor('self');
    const axis = op.axis('dim', op.rank(x));
    if (op.rank(x) === 0) return [x, op.constant('int64', 0)];
    const keep = op.bool('keepdim');
    return [extremeOf(op, operator, x, [axis], keep), positionOf(op, operator, x, axis, keep)];
  };

const argument =
  (operator: 'Max' | 'Min'): Lower =>
  (op) => {
    const x = op.tensor('self');
    if (op.rank(x) === 0) return op.constant('int64', 0);
    if (!op.given('dim')) return positionOf(op, operator, op.reshape(x, [-1]), 0, false);
    return positionOf(op, operator, x, op.axis('dim', op.rank(x)), op.bool('keepdim'));
  };

/** any and all: whether some are true, or none false, also where there are none. torch gives bytes for bytes. */
const truth =
  (counted: boolean): Reduce =>
  (op, given, axes, keep) => {
    const x = op.cast(given, 'bool');
    const count = op.cast(counted ? x : op.emit('Not', [x]), 'int32');
    const total = reduced(op, 'ReduceSum', count, axes, keep);
    const isNone = op.emit('Equal', [total, op.constant('int32', 0)]);
    const found = counted ? op.emit('Not', [isNone]) : isNone;
    return given.dtype === 'uint8' ? op.cast(found, 'uint8') : found;
  };

/** @param correction 1 for the estimate from a sample. */
function variance(
  op: OpCall,
  x: Value,
  axes: readonly number[],
  correction: number,
  keep: boolean,
): [variance: Value, mean: Value] {
  const mean = reduced(op, 'ReduceMean', x, axes, true);
  const off = op.emit('Sub', [x, mean]);
  const squares = reduced(op, 'ReduceSum', op.emit('Mul', [off, off]), axes, keep);
  const free = op.emit('Sub', [countOf(op, x, axes, x.dtype), op.constant(x.dtype, correction)]);
  const divisor = correction === 0 ? free : op.emit('Max', [free, op.constant(x.dtype, 0)]);
  const squeezed = keep || axes.length === 0 ? mean : op.emit('Squeeze', [mean, op.intVector(axes)]);
  return [op.emit('Div', [squares, divisor]), op.rank(x) === 0 ? mean : squeezed];
}

type Spread = 'var' | 'std' | 'var_mean' | 'std_mean';

/** @param parameters behind `self`. */
function spreads(
  parameters: string,
  correction: (op: OpCall) => number,
  takesAxes: boolean,
): Record<string, Lower> {
  const lower =
    (name: Spread): Lower =>
    (op) => {
      const x = op.floating();
      const axes = takesAxes ? op.axes('dim', op.rank(x)) : everyAxis(op, x);
      const [found, mean] = variance(op, x, axes, correction(op), takesAxes && op.bool('keepdim'));
      const result = name.startsWith('std') ? op.emit('Sqrt', [found]) : found;
      return name.endsWith('mean') ? [result, mean] : result;
    };
  const names: readonly Spread[] = ['var', 'std', 'var_mean', 'std_mean'];
  return Object.fromEntries(
    names.map((name) => {
      const returns = name.endsWith('mean') ? ' -> (Tensor, Tensor)' : '';
      return [`${name}(Tensor self, ${parameters})${returns}`, lower(name)];
    }),
  );
}
const unbiased = (op: OpCall) => (op.bool('unbiased') ? 1 : 0);
const corrected = (op: OpCall) => (op.given('correction') ? op.float('correction') : 1);

export function normOf(op: OpCall, x: Value, p: number, axes: readonly number[], keep: boolean): Value {
  const size = op.emit('Abs', [x]);
  if (op.rank(x) === 0 && p !== 0) return size;
  if (p === 1) return reduced(op, 'ReduceL1', x, axes, keep);
  if (p === 2) return reduced(op, 'ReduceL2', x, axes, keep);
  if (p === Infinity) return extremeOf(op, 'Max', size, axes, keep);
  if (p === -Infinity) return extremeOf(op, 'Min', size, axes, keep);
  if (p === 0) return reduced(op, 'ReduceSum', op.cast(op.cast(x, 'bool'), x.dtype), axes, keep);
  const exponent = (element: number) => op.constant(x.dtype, element);
  const sum = reduced(op, 'ReduceSum', op.emit('Pow', [size, exponent(p)]), axes, keep);
  return op.emit('Pow', [sum, exponent(1 / p)]);
}

const norm: Lower = (op) => {
  const x = floating(op);
  const p = op.given('p') ? op.float('p') : 2;
  return normOf(op, x, p, op.axes('dim', op.rank(x)), op.bool('keepdim'));
};

const nanmean: Reduce = (op, x, axes, keep) => {
  const total = reduced(op, 'ReduceSum', numbersIn(op, x, 0), axes, keep);
  const isNumber = op.emit('Not', [op.emit('IsNaN', [x])]);
  return op.emit('Div', [total, reduced(op, 'ReduceSum', op.cast(isNumber, x.dtype), axes, keep)]);
};

const nansum: Reduce = (op, x, axes, keep) => reduced(op, 'ReduceSum', numbersIn(op, x, 0), axes, keep);

const countNonzero: Reduce = (op, x, axes) =>
  reduced(op, 'ReduceSum', op.cast(op.cast(x, 'bool'), 'int64'), axes, false);

const DTYPE = '*, ScalarType? dtype=None';
const AXES = 'int[]? dim=None, bool keepdim=False';
/** An op without axes, and with. */
function withAxes(name: string, reduce: Reduce, of: (op: OpCall) => Value): Record<string, Lower> {
  return {
    [`${name}(Tensor self, ${DTYPE})`]: all(reduce, of),
    [`${name}(Tensor self, ${AXES}, ${DTYPE})`]: along(reduce, of),
  };
}

export const reductions = defineOps('Reductions', {
  ...withAxes('sum', by('ReduceSum'), summable),
  ...withAxes('nansum', nansum, summable),
  ...withAxes('mean', meanOf, floating),
  [`nanmean(Tensor self, ${AXES}, ${DTYPE})`]: along(nanmean, floating),
  [`prod(Tensor self, ${DTYPE})`]: all(by('ReduceProd'), summable),
  [`prod(Tensor self, int dim, bool keepdim=False, ${DTYPE})`]: along(by('ReduceProd'), summable),
  'amax(Tensor self, int[] dim=[], bool keepdim=False)': along(extremeBy('Max')),
  'amin(Tensor self, int[] dim=[], bool keepdim=False)': along(extremeBy('Min')),
  'aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor, Tensor)': (op) => {
    const x = op.tensor('self');
    const axes = op.axes('dim', op.rank(x));
    const keep = op.bool('keepdim') && op.given('dim');
    return [extremeOf(op, 'Min', x, axes, keep), extremeOf(op, 'Max', x, axes, keep)];
  },
  ...alike(
    [
      'logsumexp(Tensor self, int[] dim, bool keepdim=False)',
      'special_logsumexp(Tensor self, int[] dim, bool keepdim=False)',
    ],
    along(by('ReduceLogSumExp'), (op) => op.floating()),
  ),
  'max(Tensor self)': all(extremeBy('Max')),
  'max(Tensor self, Tensor other)': (op) => op.call('maximum', op.raw('self'), op.raw('other')),
  'max(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)': extreme('Max'),
  'min(Tensor self)': all(extremeBy('Min')),
  'min(Tensor self, Tensor other)': (op) => op.call('minimum', op.raw('self'), op.raw('other')),
  'min(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)': extreme('Min'),
  'argmax(Tensor self, int? dim=None, bool keepdim=False)': argument('Max'),
  'argmin(Tensor self, int? dim=None, bool keepdim=False)': argument('Min'),
  'any(Tensor self)': all(truth(true)),
  'any(Tensor self, int dim, bool keepdim=False)': along(truth(true)),
  'all(Tensor self)': all(truth(false)),
  'all(Tensor self, int dim, bool keepdim=False)': along(truth(false)),
  'count_nonzero(Tensor self, int[] dim)': (op) =>
    countNonzero(op, op.tensor('self'), op.axes('dim', op.rank(op.tensor('self'))), false),
  'count_nonzero(Tensor self, int? dim=None)': (op) =>
    countNonzero(op, op.tensor('self'), op.axes('dim', op.rank(op.tensor('self'))), false),
  ...spreads('bool unbiased=True', unbiased, false),
  ...spreads('int[]? dim, bool unbiased=True, bool keepdim=False', unbiased, true),
  ...spreads('int[]? dim=None, *, Scalar? correction=None, bool keepdim=False', corrected, true),
  ...alike(
    [
      'norm(Tensor self, Scalar? p=2, int[]? dim=None, bool keepdim=False, ScalarType? dtype=None)',
      'linalg_vector_norm(Tensor self, Scalar? p=2, int[]? dim=None, bool keepdim=False, *, ScalarType? dtype=None)',
    ],
    norm,
  ),
  'frobenius_norm(Tensor self, int[] dim=[], bool keepdim=False)': along(by('ReduceL2')),
});
