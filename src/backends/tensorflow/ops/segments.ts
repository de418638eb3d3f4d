import { FLOATS, NUMBERS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps, type OpDefinition } from '../op-registry.ts';
import { type Reduction, scattered } from './scatter.ts';
import { extreme, filled, flat, joined, overInner, sizesFrom } from './sizes.ts';

type Combination = 'Sum' | 'Prod' | 'Max' | 'Min';

const REDUCTIONS: Record<Combination, Reduction> = { Sum: 'add', Prod: 'mul', Max: 'max', Min: 'min' };

/** What a segment has before its first row: what the combination leaves as it is. */
function neutral(op: OpContext, { dtype }: Value, combination: Combination): Value {
  if (combination === 'Max') return extreme(op, dtype, 'lowest');
  if (combination === 'Min') return extreme(op, dtype, 'highest');
  return op.scalar(dtype, combination === 'Sum' ? 0 : 1);
}

/** Rows of `data` combined by segment. @param rows how many segments, a vector of one element. @param ids int64, of any rank. */
function segments(op: OpContext, data: Value, ids: Value, rows: Value, combination: Combination): Value {
  const rank = op.knownRank(ids, 'segment ids');
  const start = op.emit('Expand', [
    neutral(op, data, combination),
    joined(op, rows, sizesFrom(op, data, rank)),
  ]);
  return scattered(op, start, overInner(op, ids, 1), data, REDUCTIONS[combination]);
}

/** Of sorted ids: the last one, and one more. */
function rowsOf(op: OpContext, ids: Value): Value {
  const highest = op.emit('ReduceMax', [joined(op, op.ints([-1]), ids), op.ints([0])], { keepdims: 1 });
  return op.emit('Add', [highest, op.ints([1])]);
}

/** How many rows each segment has, shaped to go over rows of `data`. */
function countsOf(op: OpContext, data: Value, ids: Value, rows: Value): Value {
  const ones = filled(op, data.dtype, 1, op.shapeOf(ids));
  const counts = segments(op, ones, ids, rows, 'Sum');
  return overInner(op, counts, op.knownRank(data, 'data') - 1);
}

const SORTED = 'ids are not checked to be in order';

/** @param empty what segments without rows have; the combination's neutral element where it is not said. */
const sorted = (combination: Combination, empty?: number): OpDefinition => ({
  dtypes: NUMBERS,
  limits: SORTED,
  lower(op) {
    const [data, ids] = [op.input(0), op.cast(op.input(1), 'int64')];
    const rows = rowsOf(op, ids);
    const combined = segments(op, data, ids, rows, combination);
    if (empty === undefined) return combined;
    const zero = op.scalar(data.dtype, 0);
    const counts = countsOf(op, data, ids, rows);
    return op.emit('Where', [op.emit('Equal', [counts, zero]), op.scalar(data.dtype, empty), combined]);
  },
});

/** Ids below zero are left out: their rows go to one more segment, which is cut off. What is too high stays so. */
const unsorted = (combination: Combination): OpDefinition => ({
  dtypes: NUMBERS,
  lower(op) {
    const [data, ids] = [op.input(0), op.cast(op.input(1), 'int64')];
    const rows = op.vector(2);
    const last = op.reshape(rows, []);
    const one = op.scalar('int64', 1);
    const beyond = op.emit('Where', [
      op.emit('Less', [ids, last]),
      ids,
      op.emit('Add', [op.emit('Max', [ids, last]), one]),
    ]);
    const places = op.emit('Where', [op.emit('Less', [ids, op.scalar('int64', 0)]), last, beyond]);
    const all = segments(op, data, places, op.emit('Add', [rows, op.ints([1])]), combination);
    return op.emit('Slice', [all, op.ints([0]), rows]);
  },
});

type Averaging = 'sum' | 'mean' | 'sqrtN';

/** Divides the sums of segments; empty ones stay zero. */
function averaged(op: OpContext, data: Value, ids: Value, rows: Value, averaging: Averaging): Value {
  const sums = segments(op, data, ids, rows, 'Sum');
  if (averaging === 'sum') return sums;
  const counts = op.emit('Max', [countsOf(op, data, ids, rows), op.scalar(data.dtype, 1)]);
  return op.emit('Div', [sums, averaging === 'mean' ? counts : op.emit('Sqrt', [counts])]);
}

/** Segments of rows that are looked up first: how embeddings of several words become one. */
const sparse = (averaging: Averaging, numbered: boolean): OpDefinition => ({
  dtypes: FLOATS,
  limits: SORTED,
  lower(op) {
    const data = op.emit('Gather', [op.input(0), op.input(1)], { axis: 0 });
    const ids = op.cast(op.input(2), 'int64');
    return averaged(op, data, ids, numbered ? op.vector(3) : rowsOf(op, ids), averaging);
  },
});

/** The rows of `data` whose partition is the number, for each number. */
const partition: OpDefinition = {
  lower(op) {
    const [data, partitions] = [op.input(0), op.input(1)];
    const rank = op.knownRank(partitions, 'partitions');
    const rows =
      rank === 1
        ? data
        : op.emit('Reshape', [data, joined(op, op.ints([-1]), sizesFrom(op, data, rank))], { allowzero: 0 });
    const numbers = flat(op, partitions);
    return Array.from({ length: op.attributes.int('num_partitions', 1) }, (_, i) => {
      const chosen = op.emit('NonZero', [op.emit('Equal', [numbers, op.scalar(numbers.dtype, i)])]);
      return op.emit('Gather', [rows, op.reshape(chosen, [-1])], { axis: 0 });
    });
  },
};

export const segmented = defineOps('Segments and partitions', {
  SegmentSum: sorted('Sum'),
  SegmentProd: sorted('Prod'),
  SegmentMax: sorted('Max', 0),
  SegmentMin: sorted('Min', 0),
  SegmentMean: {
    dtypes: FLOATS,
    limits: SORTED,
    lower(op) {
      const ids = op.cast(op.input(1), 'int64');
      return averaged(op, op.input(0), ids, rowsOf(op, ids), 'mean');
    },
  },
  UnsortedSegmentSum: unsorted('Sum'),
  UnsortedSegmentProd: unsorted('Prod'),
  UnsortedSegmentMax: unsorted('Max'),
  UnsortedSegmentMin: unsorted('Min'),
  SparseSegmentSum: sparse('sum', false),
  SparseSegmentMean: sparse('mean', false),
  SparseSegmentSqrtN: sparse('sqrtN', false),
  SparseSegmentSumWithNumSegments: sparse('sum', true),
  SparseSegmentMeanWithNumSegments: sparse('mean', true),
  SparseSegmentSqrtNWithNumSegments: sparse('sqrtN', true),
  DynamicPartition: partition,
});
