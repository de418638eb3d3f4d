import { isFloat } from '../../onnx-graph/data-types.ts';
import { Formula } from '../../onnx-graph/formula.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { isNumber, numberOf } from '../interpreter/values.ts';
import { alike, defineOps, type Lower } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';
import { TracedTensor } from '../tracing/traced-tensor.ts';

interface Sorted {
  readonly values: Value;
  readonly places: Value;
}

/**
 * The first of an axis in order, equal ones in the order in which they were. What is no number comes behind all that are; infinity and it
 * count as equal.
 */
function ranked(op: OpCall, x: Value, axis: number, count: Value, largest: boolean): Sorted {
  const attributes = { axis, largest: largest ? 1 : 0, sorted: 1 };
  if (!isFloat(x.dtype)) {
    const [values, places] = op.emitMany('TopK', [x, count], attributes, { count: 2 });
    return { values: values as Value, places: places as Value };
  }
  const keys = op.emit('Where', [op.emit('IsNaN', [x]), op.constant(x.dtype, Infinity), x]);
  const places = op.emitMany('TopK', [keys, count], attributes, { count: 2 })[1] as Value;
  return { values: op.emit('GatherElements', [x, places], { axis }), places };
}

/** All of an axis in order. */
function sortedAlong(op: OpCall, x: Value, axis: number, descending = false): Sorted {
  return ranked(op, x, axis, op.vectorOf([op.size(x, axis)]), descending);
}

/** A tensor without dimensions as a vector, and the results back. */
function withDimension(of: (op: OpCall, x: Value, axis: number) => Sorted): (op: OpCall) => [Value, Value] {
  return (op) => {
    const x = op.tensor('self');
    if (op.rank(x) > 0) {
      const { values, places } = of(op, x, op.axis('dim', op.rank(x)));
      return [values, places];
    }
    op.axis('dim', 0);
    const { values, places } = of(op, op.reshape(x, [1]), 0);
    return [op.reshape(values, []), op.reshape(places, [])];
  };
}

const sort = withDimension((op, x, axis) => sortedAlong(op, x, axis, op.bool('descending')));
const topk = withDimension((op, x, axis) => ranked(op, x, axis, op.vector('k'), op.bool('largest')));

/** One of an axis in order for each row: at `place`, of the rows' shape with 1 for the axis, or a vector of one for all. */
function picked(op: OpCall, { values, places }: Sorted, axis: number, place: Value, keep: boolean): Value[] {
  return [values, places].map((of) => {
    const isForAll = op.rank(place) === 1 && place.shape?.[0] === 1;
    const found = op.emit(isForAll ? 'Gather' : 'GatherElements', [of, place], { axis });
    return keep ? found : op.emit('Squeeze', [found, op.intVector([axis])]);
  });
}

const number = (op: OpCall, element: number) => op.constant('int64', element);

/** Whether there is a NaN in the row; sorted, it comes last. */
function lastIsNaN(op: OpCall, values: Value, axis: number): Value {
  return op.emit('IsNaN', [op.emit('Gather', [values, op.intVector([-1])], { axis })]);
}

/** How many of a row are numbers, at the least one. */
function countOfNumbers(op: OpCall, x: Value, axis: number): Value {
  const isNumber = op.emit('Not', [op.emit('IsNaN', [x])]);
  const total = op.emit('ReduceSum', [op.cast(isNumber, 'int64'), op.intVector([axis])], { keepdims: 1 });
  return op.emit('Max', [total, number(op, 1)]);
}

/** The lower one of two in the middle. */
function medianOf(op: OpCall, x: Value, axis: number, keep: boolean, passesNaN: boolean): Value[] {
  const sorted = sortedAlong(op, x, axis);
  const size = op.vectorOf([op.size(x, axis)]);
  const middle = (of: Value) => op.emit('Div', [op.emit('Sub', [of, number(op, 1)]), number(op, 2)]);
  if (!isFloat(x.dtype)) return picked(op, sorted, axis, middle(size), keep);
  if (passesNaN) return picked(op, sorted, axis, middle(countOfNumbers(op, x, axis)), keep);
  const hasNaN = lastIsNaN(op, sorted.values, axis);
  const last = op.emit('Sub', [size, number(op, 1)]);
  return picked(op, sorted, axis, op.emit('Where', [hasNaN, last, middle(size)]), keep);
}

const medianOfAll =
  (passesNaN: boolean): Lower =>
  (op) =>
    medianOf(op, op.reshape(op.tensor('self'), [-1]), 0, false, passesNaN)[0] as Value;

const medianAlong =
  (passesNaN: boolean): Lower =>
  (op) => {
    const x = op.tensor('self');
    if (op.rank(x) === 0) return [op.emit('Identity', [x]), number(op, 0)];
    return medianOf(op, x, op.axis('dim', op.rank(x)), op.bool('keepdim'), passesNaN);
  };

/** Counts every element's equals: the first of those that have most of them is the least. */
const mode: Lower = (op) => {
  const x = op.tensor('self');
  if (op.rank(x) === 0) return [op.emit('Identity', [x]), number(op, 0)];
  const axis = op.axis('dim', op.rank(x));
  const sorted = sortedAlong(op, x, axis);
  const wide = (at: number) => op.emit('Unsqueeze', [sorted.values, op.intVector([at])]);
  const equals = op.cast(op.emit('Equal', [wide(axis), wide(axis + 1)]), 'int64');
  const counts = op.emit('ReduceSum', [equals, op.intVector([axis])], { keepdims: 0 });
  const place = op.emit('ArgMax', [counts], { axis, keepdims: 1 });
  return picked(op, sorted, axis, place, op.bool('keepdim'));
};

/** How far between the two neighbours a quantile is taken. */
const INTERPOLATIONS: Readonly<Record<string, (m: Formula, position: Value) => Value>> = {
  lower: (m, position) => m.of('Floor', position),
  higher: (m, position) => m.of('Ceil', position),
  nearest: (m, position) => m.of('Round', position),
};

const quantile =
  (passesNaN: boolean): Lower =>
  (op) => {
    const given = op.tensor('self');
    const x = op.given('dim') ? given : op.reshape(given, [-1]);
    const axis = op.given('dim') ? op.axis('dim', op.rank(x)) : 0;
    const m = new Formula(op, x.dtype);
    const known = op.raw('q');
    if (isNumber(known) && !(numberOf(known) >= 0 && numberOf(known) <= 1)) {
      op.fail(`q values must be in the range [0, 1], got ${numberOf(known)}`);
    }
    const { values } = sortedAlong(op, x, axis);
    const count = passesNaN ? countOfNumbers(op, x, axis) : op.vectorOf([op.size(x, axis)]);
    const q = op.operand(op.raw('q'), x.dtype);
    const ones = new Array<number>(op.rank(x)).fill(1);
    // One row of the axis for each q.
    const position = m.mul(
      op.reshape(q, ones.with(axis, -1)),
      op.cast(op.emit('Sub', [count, number(op, 1)]), x.dtype),
    );
    const rows = op.emit('Shape', [op.emit('ReduceMax', [values, op.intVector([axis])], { keepdims: 1 })]);
    const at = (where: Value) =>
      op.emit('GatherElements', [values, op.cast(op.emit('Expand', [where, rows]), 'int64')], { axis });
    const how = op.text('interpolation');
    if (!['linear', 'lower', 'higher', 'midpoint', 'nearest'].includes(how)) {
      op.fail(`interpolation must be one of linear, lower, higher, midpoint or nearest, but got ${how}`);
    }
    const [low, high] = [at(m.of('Floor', position)), at(m.of('Ceil', position))];
    const exact = INTERPOLATIONS[how];
    const weight = how === 'midpoint' ? m.value(0.5) : m.sub(position, m.of('Floor', position));
    const between =
      exact === undefined ? m.add(low, m.mul(m.sub(high, low), weight)) : at(exact(m, position));
    const found = passesNaN
      ? between
      : op.emit('Where', [lastIsNaN(op, values, axis), op.constant(x.dtype, Number.NaN), between]);
    return arranged(op, found, axis, op.rank(q) > 0, given);
  };

/** The quantiles' dimension first, or gone where there is only one. */
function arranged(op: OpCall, found: Value, axis: number, areMany: boolean, given: Value): Value {
  const keep = op.bool('keepdim');
  const wide = op.rank(found);
  if (!areMany) {
    if (keep && !op.given('dim')) return op.reshape(found, new Array<number>(op.rank(given)).fill(1));
    return keep ? found : op.emit('Squeeze', [found, op.intVector([axis])]);
  }
  const perm = [axis, ...Array.from({ length: wide }, (_, d) => d).filter((d) => d !== axis)];
  const front = op.emit('Transpose', [found], { perm });
  if (!keep) return front;
  if (op.given('dim')) return op.emit('Unsqueeze', [front, op.intVector([axis + 1])]);
  return op.reshape(front, [-1, ...new Array<number>(op.rank(given)).fill(1)]);
}

/** Of each value how many of the boundaries it is beyond. */
function searched(op: OpCall, boundaries: Value, value: Value, right: boolean): Value {
  const dtype = op.resultType(new TracedTensor(boundaries), new TracedTensor(value));
  const wide = op.emit('Unsqueeze', [op.cast(value, dtype), op.intVector([-1])]);
  const sorted = op.cast(boundaries, dtype);
  const rows = op.rank(sorted) > 1 ? op.emit('Unsqueeze', [sorted, op.intVector([-2])]) : sorted;
  const isBelow = op.emit(right ? 'LessOrEqual' : 'Less', [rows, wide]);
  const out = op.bool('out_int32') ? 'int32' : 'int64';
  return op.emit('ReduceSum', [op.cast(isBelow, out), op.intVector([-1])], { keepdims: 0 });
}

const searchsorted: Lower = (op) => {
  const sequence = op.tensor('sorted_sequence');
  const sorter = op.optionalTensor('sorter');
  const sorted =
    sorter === undefined
      ? sequence
      : op.emit('GatherElements', [sequence, sorter], { axis: op.rank(sequence) - 1 });
  const right = op.bool('right') || (op.given('side') && op.text('side') === 'right');
  return searched(op, sorted, op.tensor('self'), right);
};

const SEARCH = 'bool out_int32=False, bool right=False';

const LIMITS = 'infinity and what is no number count as equal';

export const ordering = defineOps('Order', {
  ...alike(
    [
      'sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor, Tensor)',
      'sort(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor, Tensor)',
    ],
    { lower: (op: OpCall) => sort(op), limits: LIMITS },
  ),
  ...alike(
    [
      'argsort(Tensor self, int dim=-1, bool descending=False)',
      'argsort(Tensor self, *, bool stable, int dim=-1, bool descending=False)',
    ],
    { lower: (op: OpCall) => sort(op)[1], limits: LIMITS },
  ),
  'msort(Tensor self)': { lower: (op) => sortedAlong(op, op.tensor('self'), 0).values, limits: LIMITS },
  'topk(Tensor self, int k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor, Tensor)': {
    lower: (op) => topk(op),
    limits: LIMITS,
  },
  'kthvalue(Tensor self, int k, int dim=-1, bool keepdim=False) -> (Tensor, Tensor)': (op) => {
    const x = op.tensor('self');
    const axis = op.axis('dim', op.rank(x));
    if (op.int('k') < 1) op.fail('selected number k out of range for dimension');
    const place = op.emit('Sub', [op.vector('k'), number(op, 1)]);
    return picked(op, sortedAlong(op, x, axis), axis, place, op.bool('keepdim'));
  },
  'median(Tensor self)': medianOfAll(false),
  'median(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)': medianAlong(false),
  'nanmedian(Tensor self)': medianOfAll(true),
  'nanmedian(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)': medianAlong(true),
  'mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor, Tensor)': mode,
  'quantile(Tensor self, Operand q, int? dim=None, bool keepdim=False, *, str interpolation=linear)':
    quantile(false),
  'nanquantile(Tensor self, Operand q, int? dim=None, bool keepdim=False, *, str interpolation=linear)':
    quantile(true),
  [`searchsorted(Tensor sorted_sequence, Operand self, *, ${SEARCH}, str? side=None, Tensor? sorter=None)`]:
    searchsorted,
  [`bucketize(Operand self, Tensor boundaries, *, ${SEARCH})`]: (op) =>
    searched(op, op.tensor('boundaries'), op.tensor('self'), op.bool('right')),
});
