import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';

const FAR = 2 ** 31 - 1;

/** One entry of a slice specification, as `x[1:2, ..., None]` has three. */
interface Entry {
  readonly index: number;
  readonly kind: 'range' | 'point' | 'new' | 'ellipsis';
  /** Of a range or a point: the dimension that it is about; from the end where it comes after the ellipsis. */
  axis: number;
}

/**
 * NumPy's slices: ranges, then single points, whose dimension goes, then new dimensions. The masks are read as TensorFlow's
 * ValidateStridedSliceOp does: an ellipsis wins over a new dimension, that over a point, and begin_mask and end_mask say nothing about points.
 */
export function stridedSlice(op: OpContext): Value {
  const strides = op.constantInts(3, 'strides');
  const mask = (name: string) => {
    const bits = op.attributes.int(`${name}_mask`, 0);
    return (i: number) => Math.floor(bits / 2 ** i) % 2 === 1;
  };
  const [beginMask, endMask] = [mask('begin'), mask('end')];
  const [ellipsis, newAxis, shrink] = [mask('ellipsis'), mask('new_axis'), mask('shrink_axis')];
  const entries = strides.map((_, index): Entry => {
    const kind = ellipsis(index) ? 'ellipsis' : newAxis(index) ? 'new' : shrink(index) ? 'point' : 'range';
    return { index, kind, axis: 0 };
  });
  numberAxes(op, entries);

  const bounds = (input: number) => (i: number) => boundAt(op, op.input(input), i);
  const [begin, end] = [bounds(1), bounds(2)];
  const ranges = entries
    .filter(({ kind }) => kind === 'range')
    .map(({ index, axis }) => {
      const step = strides[index] as number;
      if (step === 0) op.fail(`its stride ${index} is 0`);
      const first = op.ints([step > 0 ? 0 : FAR]);
      const last = op.ints([step > 0 ? FAR : -FAR]);
      const whole = beginMask(index) && endMask(index) && step === 1;
      const from = beginMask(index) ? first : begin(index);
      const to = endMask(index) ? last : end(index);
      return { axis, step, whole, from, to: step < 0 ? endWithoutStart(op, axis, from, to) : to };
    });
  const cut = ranges.filter(({ whole }) => !whole);
  let x = op.input(0);
  if (cut.length > 0) {
    const join = (parts: Value[]) => op.emit('Concat', parts, { axis: 0 });
    const [axes, steps] = [op.ints(cut.map((r) => r.axis)), op.ints(cut.map((r) => r.step))];
    x = op.emit('Slice', [x, join(cut.map((r) => r.from)), join(cut.map((r) => r.to)), axes, steps]);
  }
  x = takePoints(op, x, entries, begin);
  const added = newPositions(entries);
  return added.length === 0 ? x : op.emit('Unsqueeze', [x, op.ints(added)]);
}

/** Counts dimensions from the front, and after an ellipsis from the end: how many it stands for needs no knowing. */
function numberAxes(op: OpContext, entries: readonly Entry[]): void {
  const at = entries.findIndex(({ kind }) => kind === 'ellipsis');
  if (entries.findLastIndex(({ kind }) => kind === 'ellipsis') !== at) op.fail('it has several ellipses');
  const takes = (entry: Entry) => entry.kind === 'range' || entry.kind === 'point';
  const [front, back] = at < 0 ? [entries, []] : [entries.slice(0, at), entries.slice(at + 1)];
  front.filter(takes).forEach((entry, axis) => {
    entry.axis = axis;
  });
  const behind = back.filter(takes);
  behind.forEach((entry, i) => {
    entry.axis = i - behind.length;
  });
}

/** Going down from before the first element takes nothing; ONNX would begin with the first. An end of 0 is empty from there. */
function endWithoutStart(op: OpContext, axis: number, from: Value, to: Value): Value {
  const [known] = numbersOf(from) ?? [];
  if (known !== undefined && known >= -1) return to;
  const size = op.emit('Gather', [op.shapeOf(op.input(0)), op.ints([axis])], { axis: 0 });
  const isNegative = (value: Value) => op.emit('Less', [value, op.ints([0])]);
  const isBefore = op.emit('And', [isNegative(from), isNegative(op.emit('Add', [from, size]))]);
  return op.emit('Where', [isBefore, op.ints([0]), to]);
}

/** One element of a vector of bounds, as a vector of one. */
function boundAt(op: OpContext, bounds: Value, index: number): Value {
  const known = bounds.content?.[index];
  if (typeof known === 'number') return op.ints([known]);
  return op.emit('Gather', [op.cast(bounds, 'int64'), op.ints([index])], { axis: 0 });
}

/** Those furthest from the end that they are counted from go last, or first: none moves another. */
function takePoints(
  op: OpContext,
  from: Value,
  entries: readonly Entry[],
  begin: (i: number) => Value,
): Value {
  const points = entries.filter(({ kind }) => kind === 'point');
  const order = [
    ...points.filter(({ axis }) => axis >= 0).reverse(),
    ...points.filter(({ axis }) => axis < 0),
  ];
  let x = from;
  for (const { axis, index } of order) {
    x = op.emit('Gather', [x, op.emit('Squeeze', [begin(index), op.ints([0])])], { axis });
  }
  return x;
}

/** Where the new dimensions are in the result, from the end where they come after the ellipsis. */
function newPositions(entries: readonly Entry[]): number[] {
  const at = entries.findIndex(({ kind }) => kind === 'ellipsis');
  const left = (entry: Entry) => entry.kind === 'range' || entry.kind === 'new';
  const [front, back] = at < 0 ? [entries, []] : [entries.slice(0, at), entries.slice(at + 1)];
  const [before, behind] = [front.filter(left), back.filter(left)];
  return [
    ...before.flatMap(({ kind }, i) => (kind === 'new' ? [i] : [])),
    ...behind.flatMap(({ kind }, i) => (kind === 'new' ? [i - behind.length] : [])),
  ];
}
