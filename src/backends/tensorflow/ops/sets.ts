import { INTEGERS, isFloat, NUMBERS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';
import { scattered } from './scatter.ts';
import { anyAlong, countAlong, filled, flat, overInner, sizeAt, upTo } from './sizes.ts';

/** Indices in the dtype that the attribute says, int32 where it says nothing. */
function indexed(op: OpContext, value: Value, attribute: string): Value {
  return op.cast(value, op.attributes.dtype(attribute) ?? 'int32');
}

interface Unique {
  /** Where each first was. */
  readonly first: Value;
  /** For each element, which of the unique ones it is. */
  readonly inverse: Value;
  readonly counts: Value;
}

function uniqueBy(op: OpContext, keys: Value, axis: number | undefined): Unique {
  const counts = { dtype: 'int64' as const, shape: [null] };
  const [, first, inverse, times] = op.builder.emitMany(
    'Unique',
    [keys],
    { sorted: 0, axis },
    { name: op.node.name, outputs: [{ dtype: keys.dtype, shape: undefined }, counts, counts, counts] },
  ) as [Value, Value, Value, Value];
  return { first, inverse, counts: times };
}

/**
 * Unique elements in the order in which they come first. No NaN is like another: each is told apart by where it is, as ONNX Runtime would
 * take it for equal to anything.
 */
function unique(op: OpContext, x: Value): Unique {
  if (x.dtype === 'string') return uniqueBy(op, x, undefined);
  if (!isFloat(x.dtype)) return uniqueBy(op, op.cast(x, 'int64'), undefined);
  const missing = op.emit('IsNaN', [x]);
  const positions = upTo(op, op.shapeOf(x), 'double');
  const one = op.scalar('double', 1);
  const place = op.emit('Where', [missing, op.emit('Add', [positions, one]), op.scalar('double', 0)]);
  const number = op.emit('Where', [missing, op.scalar('double', 0), op.cast(x, 'double')]);
  const keys = op.emit('Concat', [overInner(op, number, 1), overInner(op, place, 1)], { axis: 1 });
  return uniqueBy(op, keys, 0);
}

const uniques = (counted: boolean): OpDefinition => ({
  outputs: counted ? ['y', 'idx', 'count'] : ['y', 'idx'],
  limits: 'no bool',
  dtypes: [...NUMBERS, 'string'],
  lower(op) {
    const x = op.input(0);
    const { first, inverse, counts } = unique(op, x);
    const y = op.emit('Gather', [x, first], { axis: 0 });
    const outputs = [y, indexed(op, inverse, 'out_idx')];
    return counted ? [...outputs, indexed(op, counts, 'out_idx')] : outputs;
  },
});

/** Along an axis, or of a vector. */
const uniquesAlong = (counted: boolean): OpDefinition => ({
  outputs: counted ? ['y', 'idx', 'count'] : ['y', 'idx'],
  limits: 'of vectors, or of integers along a constant axis',
  dtypes: [...NUMBERS, 'string'],
  lower(op) {
    const x = op.input(0);
    const [axis] = op.constantInts(1, 'axis');
    const rank = op.knownRank(x, 'input');
    if (rank === 1) return uniques(counted).lower(op);
    if (axis === undefined) op.fail('without an axis its input has to be a vector');
    if (isFloat(x.dtype) || x.dtype === 'string') op.fail(`it takes no rows of ${x.dtype}`);
    const { first, inverse, counts } = uniqueBy(op, op.cast(x, 'int64'), axis);
    const outputs = [op.emit('Gather', [x, first], { axis }), indexed(op, inverse, 'out_idx')];
    return counted ? [...outputs, indexed(op, counts, 'out_idx')] : outputs;
  },
});

function topK(op: OpContext, k: Value): Value[] {
  const outputs = op.emitMany('TopK', [op.input(0), k], { axis: -1, largest: 1, sorted: 1 }, 2);
  const [values, indices] = outputs as [Value, Value];
  return [values, indexed(op, indices, 'index_type')];
}

const NAN_ORDER = 'where NaN comes is not defined, as in TensorFlow';

/** How many of the sorted are before each value: a comparison of all with all. */
const bound = (comparison: string): OpDefinition => ({
  dtypes: NUMBERS,
  limits: 'takes memory for a comparison of all with all',
  lower(op) {
    const sorted = op.emit('Unsqueeze', [op.input(0), op.ints([1])]);
    const values = op.emit('Unsqueeze', [op.input(1), op.ints([2])]);
    return indexed(op, countAlong(op, op.emit(comparison, [sorted, values]), -1), 'out_type');
  },
});

/** Counts, or sums of weights, by number. What is not below `size` is left out by way of one place more. */
function bincount(op: OpContext, x: Value, size: Value, weights: Value): Value {
  const numbers = op.cast(flat(op, x), 'int64');
  const places = op.emit('Min', [numbers, size]);
  // What is negative is refused: it is further from the end than there are places.
  const tooFar = op.emit('Sub', [numbers, op.emit('Add', [size, op.ints([1])])]);
  const checked = op.emit('Where', [op.emit('Less', [numbers, op.ints([0])]), tooFar, places]);
  const zeros = filled(op, weights.dtype, 0, op.emit('Add', [size, op.ints([1])]));
  const all = scattered(op, zeros, overInner(op, checked, 1), flat(op, weights), 'add');
  return op.emit('Slice', [all, op.ints([0]), size]);
}

/** The weights, or a one for each number where there are none. */
function weightsOf(op: OpContext, x: Value): Value {
  const weights = op.input(2);
  const elements = weights.shape?.reduce<number | null>(
    (all, d) => (d === 0 || all === 0 ? 0 : all !== null && typeof d === 'number' ? all * d : null),
    1,
  );
  if (elements === 0) return filled(op, weights.dtype, 1, op.shapeOf(flat(op, x)));
  if (elements === null && weights.shape?.some((d) => typeof d !== 'string'))
    op.fail('whether it has weights has to be known');
  return weights;
}

const bincounts: OpDefinition = {
  dtypes: ['int32', 'int64', 'float', 'double'],
  limits: 'whether there are weights has to be known',
  lower(op) {
    const x = op.input(0);
    if (op.attributes.bool('binary_output')) op.fail('it has binary_output');
    if (op.node.op === 'DenseBincount' && op.knownRank(x, 'input') > 1) op.fail('its input is a matrix');
    return bincount(op, x, op.vector(1), weightsOf(op, x));
  },
};

/** Whether fewer than k classes are more likely than the target, where all likelihoods are finite. */
function inTopK(op: OpContext, k: Value): Value {
  const [predictions, given] = [op.input(0), op.cast(op.input(1), 'int64')];
  const classes = sizeAt(op, predictions, 1);
  const outside = op.emit('Or', [
    op.emit('Less', [given, op.ints([0])]),
    op.emit('GreaterOrEqual', [given, classes]),
  ]);
  const targets = overInner(op, op.emit('Where', [outside, op.scalar('int64', 0), given]), 1);
  const target = op.emit('GatherElements', [predictions, targets], { axis: 1 });
  const better = countAlong(op, op.emit('Greater', [predictions, target]), 1);
  const unbounded = op.emit('Or', [op.emit('IsNaN', [predictions]), op.emit('IsInf', [predictions])]);
  const excluded = op.emit('Or', [outside, anyAlong(op, unbounded, 1)]);
  const isIn = op.emit('Less', [better, op.cast(k, 'int64')]);
  return op.emit('And', [isIn, op.emit('Not', [excluded])]);
}

/** What of x is not in y, and where it was. */
const difference: OpDefinition = {
  outputs: ['out', 'idx'],
  dtypes: [...NUMBERS, 'string'],
  limits: 'takes memory for a comparison of all with all',
  lower(op) {
    const [x, y] = [op.input(0), op.input(1)];
    const same = op.emit('Equal', [overInner(op, x, 1), op.emit('Unsqueeze', [y, op.ints([0])])]);
    const left = op.emit('NonZero', [op.emit('Not', [anyAlong(op, same, 1)])]);
    const indices = op.reshape(left, [-1]);
    return [op.emit('Gather', [x, indices], { axis: 0 }), indexed(op, indices, 'out_idx')];
  },
};

const numberOfBins: OpDefinition = {
  dtypes: ['float', 'double', 'int32', 'int64'],
  lower(op) {
    const [x, range, bins] = [flat(op, op.input(0)), flat(op, op.input(1)), op.vector(2)];
    const edge = (i: number) => op.emit('Gather', [range, op.scalar('int64', i)], { axis: 0 });
    const [low, high] = [edge(0), edge(1)];
    const double = (value: Value) => op.cast(value, 'double');
    const step = op.emit('Div', [double(op.emit('Sub', [high, low])), double(bins)]);
    const above = double(op.emit('Sub', [op.emit('Max', [x, low]), low]));
    const last = double(op.emit('Sub', [bins, op.ints([1])]));
    const places = op.cast(op.emit('Min', [op.emit('Div', [above, step]), last]), 'int64');
    const dtype = op.attributes.dtype('dtype') ?? 'int32';
    return bincount(op, places, bins, filled(op, dtype, 1, op.shapeOf(x)));
  },
};

export const sets = defineOps('Orders, sets and counts', {
  TopK: {
    dtypes: NUMBERS,
    outputs: ['values', 'indices'],
    limits: NAN_ORDER,
    lower: (op) => topK(op, op.ints([op.attributes.int('k', 0)])),
  },
  TopKV2: {
    dtypes: NUMBERS,
    outputs: ['values', 'indices'],
    limits: NAN_ORDER,
    lower: (op) => topK(op, op.vector(1)),
  },
  Unique: uniques(false),
  UniqueWithCounts: uniques(true),
  UniqueV2: uniquesAlong(false),
  UniqueWithCountsV2: uniquesAlong(true),
  ...alike(['ListDiff', 'SetDiff1D'], difference),
  LowerBound: bound('Less'),
  UpperBound: bound('LessOrEqual'),
  Bucketize: {
    dtypes: ['int32', 'int64', 'float', 'double'],
    lower(op) {
      const x = op.input(0);
      const wide = x.dtype === 'double' ? x : op.cast(x, 'float');
      const floats = (op.attributes.floats('boundaries') ?? []).map(Math.fround);
      const boundaries = op.builder.fill(wide.dtype, [floats.length], floats);
      // NaN is before none of them, and so comes last.
      const before = op.emit('Less', [overInner(op, wide, 1), boundaries]);
      return op.cast(countAlong(op, op.emit('Not', [before]), -1), 'int32');
    },
  },
  ...alike(['Bincount', 'DenseBincount'], bincounts),
  HistogramFixedWidth: numberOfBins,
  InTopK: { lower: (op) => inTopK(op, op.scalar('int64', op.attributes.int('k', 0))) },
  InTopKV2: { lower: (op) => inTopK(op, op.input(2)) },
  PopulationCount: {
    dtypes: INTEGERS.filter((dtype) => !dtype.includes('64')),
    lower(op) {
      const x = op.input(0);
      const bits = { int8: 8, uint8: 8, int16: 16, uint16: 16 } as Partial<Record<string, number>>;
      const powers = Array.from({ length: bits[x.dtype] ?? 32 }, (_, i) => 2 ** i);
      const wide = overInner(op, op.cast(x, 'int64'), 1);
      const masks = op.builder.fill('int64', [powers.length], powers);
      const isSet = op.emit('Not', [
        op.emit('Equal', [op.emit('BitwiseAnd', [wide, masks]), op.scalar('int64', 0)]),
      ]);
      return op.cast(countAlong(op, isSet, -1), 'uint8');
    },
  },
});
