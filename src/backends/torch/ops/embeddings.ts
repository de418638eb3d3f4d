import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import { defineOps } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

/** ONNX counts negative positions from behind, where torch refuses them: they become too large. */
export function notFromBehind(op: OpCall, positions: Value): Value {
  if (numbersOf(positions)?.every((position) => position >= 0)) return positions;
  const [none, far] = [0, 2 ** 31 - 1].map((element) => op.constant(positions.dtype, element)) as [
    Value,
    Value,
  ];
  return op.emit('Where', [op.emit('Less', [positions, none]), far, positions]);
}

/** As torch numbers them; 0 is the sum. */
const [MEAN, MAX] = [1, 2];

/**
 * Rows of a table, summed, averaged or the largest of each bag.
 * @param padding the index that counts for nothing.
 */
function bags(op: OpCall, padding?: number): readonly Value[] {
  const weight = op.tensor('weight');
  const [indices, offsets] = [op.cast(op.tensor('indices'), 'int64'), op.cast(op.tensor('offsets'), 'int64')];
  const mode = op.int('mode');
  const { dtype } = weight;
  const begins = op.bool('include_last_offset')
    ? op.emit('Slice', [offsets, op.intVector([0]), op.intVector([-1]), op.intVector([0])])
    : offsets;
  const scalar = (value: Parameters<OpCall['scalarOf']>[0]) => op.scalarOf(value, 'int64');
  const places = op.emit('Range', [scalar(0), scalar(op.size(indices, 0)), scalar(1)]);
  const column = op.emit('Unsqueeze', [places, op.intVector([1])]);
  // An element is in the last bag that begins before it.
  const begun = op.cast(
    op.emit('LessOrEqual', [op.emit('Unsqueeze', [begins, op.intVector([0])]), column]),
    'int64',
  );
  const ordinal = op.emit('ReduceSum', [begun, op.intVector([1])], { keepdims: 0 });
  const bag = op.emit('Sub', [ordinal, op.constant('int64', 1)]);
  const counts =
    padding === undefined
      ? op.emit('Expand', [op.constant(dtype, 1), op.vectorOf([op.size(indices, 0)])])
      : op.cast(op.emit('Not', [op.emit('Equal', [indices, op.constant('int64', padding)])]), dtype);
  const at = op.emit('Unsqueeze', [bag, op.intVector([1])]);
  const empty = (element: number, ...rest: readonly ReturnType<OpCall['size']>[]) =>
    op.emit('Expand', [op.constant(dtype, element), op.vectorOf([op.size(begins, 0), ...rest])]);
  const perBag = op.emit('ScatterND', [empty(0), at, counts], { reduction: 'add' });
  const wide = (value: Value) => op.emit('Unsqueeze', [value, op.intVector([1])]);
  const rows = op.emit('Gather', [weight, notFromBehind(op, indices)], { axis: 0 });
  const width = op.size(weight, 1);
  let result: Value;
  if (mode === MAX) {
    const counted = op.emit('Where', [
      op.cast(wide(counts), 'bool'),
      rows,
      op.constant(dtype, Number.NEGATIVE_INFINITY),
    ]);
    const most = op.emit('ScatterND', [empty(Number.NEGATIVE_INFINITY, width), at, counted], {
      reduction: 'max',
    });
    result = op.emit('Where', [op.cast(wide(perBag), 'bool'), most, op.constant(dtype, 0)]);
  } else {
    const shares = op.optionalTensor('per_sample_weights');
    const factor = shares === undefined ? counts : op.emit('Mul', [counts, shares]);
    const scaled = op.emit('Mul', [rows, wide(factor)]);
    const sums = op.emit('ScatterND', [empty(0, width), at, scaled], { reduction: 'add' });
    const least = op.emit('Max', [wide(perBag), op.constant(dtype, 1)]);
    result = mode === MEAN ? op.emit('Div', [sums, least]) : sums;
  }
  const sizes = op.cast(perBag, 'int64');
  return [result, bag, sizes, sizes];
}

const BAG =
  'Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, int mode, bool sparse, Tensor? per_sample_weights, bool include_last_offset';

export const embeddings = defineOps('Embeddings', {
  'embedding(Tensor weight, Tensor indices, int padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False)':
    (op) => op.emit('Gather', [op.tensor('weight'), notFromBehind(op, op.tensor('indices'))], { axis: 0 }),
  [`embedding_bag(${BAG}, int? padding_idx) -> (Tensor, Tensor, Tensor, Tensor)`]: {
    limits: 'the second to fourth results are those of mode "mean" without padding',
    lower: (op) => bags(op, op.given('padding_idx') ? op.int('padding_idx') : undefined),
  },
  'embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False) -> (Tensor, Tensor, Tensor, Tensor)':
    { limits: 'the second to fourth results are those of mode "mean"', lower: (op) => bags(op) },
});
