import { numbersOf, type Value } from '../../onnx-graph/value.ts';
import { OpContext } from '../op-context.ts';
import { defineOps, type OpDefinition } from '../op-registry.ts';
import { extreme, joined, overInner, sizeAt, upTo } from './sizes.ts';

function scalarOf(op: OpContext, value: Value, dtype: Value['dtype']): Value {
  return op.reshape(op.cast(value, dtype), []);
}

/** ONNX's op: batches of boxes and of scores by class; rows of batch, class and box come out. */
function suppress(op: OpContext, inputs: readonly Value[]): Value {
  return op.emit('NonMaxSuppression', inputs, {}, { outputs: [{ dtype: 'int64', shape: [null, 3] }] });
}

interface Limits {
  readonly most: Value;
  readonly overlap: Value;
  readonly score: Value;
}

/** The boxes that stay, best first, int64. */
function selected(op: OpContext, boxes: Value, scores: Value, { most, overlap, score }: Limits): Value {
  const batch = op.emit('Unsqueeze', [boxes, op.ints([0])]);
  const classes = op.emit('Unsqueeze', [scores, op.ints([0, 1])]);
  const rows = suppress(op, [batch, classes, most, overlap, score]);
  return op.reshape(op.emit('Gather', [rows, op.ints([2])], { axis: 1 }), [-1]);
}

/** How much of their common area each box shares with number `i`, as a function of what is computed once. */
function overlaps(op: OpContext, boxes: Value): (inner: OpContext, i: Value) => Value {
  const column = (i: number) => op.emit('Gather', [boxes, op.scalar('int64', i)], { axis: 1 });
  const edge = (which: 'Min' | 'Max', i: number) => op.emit(which, [column(i), column(i + 2)]);
  const [top, left, bottom, right] = [edge('Min', 0), edge('Min', 1), edge('Max', 0), edge('Max', 1)];
  const sides = [op.emit('Sub', [bottom, top]), op.emit('Sub', [right, left])];
  const areas = op.emit('Mul', sides);
  const zero = op.scalar(boxes.dtype, 0);
  return (inner, i) => {
    const at = (value: Value) => inner.emit('Gather', [value, i], { axis: 0 });
    const length = (start: Value, end: Value) => {
      const [from, to] = [inner.emit('Max', [start, at(start)]), inner.emit('Min', [end, at(end)])];
      return inner.emit('Max', [inner.emit('Sub', [to, from]), zero]);
    };
    const common = inner.emit('Mul', [length(top, bottom), length(left, right)]);
    const all = inner.emit('Sub', [inner.emit('Add', [areas, at(areas)]), common]);
    const hasArea = inner.emit('Greater', [inner.emit('Min', [areas, at(areas)]), zero]);
    const one = inner.scalar(boxes.dtype, 1);
    const ratio = inner.emit('Div', [common, inner.emit('Where', [hasArea, all, one])]);
    return inner.emit('Where', [hasArea, ratio, zero]);
  };
}

/**
 * Takes the best box again and again, and changes the scores of the others by what they share with it.
 * @param rescored the scores after box `i` was taken; what is not above the threshold, NaN too, is out.
 * @returns the boxes that were taken and their scores.
 */
function takeBest(
  op: OpContext,
  scores: Value,
  most: Value,
  threshold: Value,
  rescored: (inner: OpContext, scores: Value, i: Value) => Value,
): [Value, Value] {
  const inner = new OpContext(op.node, op.scope.inner());
  const { dtype, shape } = scores;
  const eligible = (context: OpContext, values: Value) =>
    context.emit('Where', [context.emit('Greater', [values, threshold]), values, threshold]);
  const isLeft = (context: OpContext, values: Value) => {
    const all = context.emit('Concat', [values, context.reshape(threshold, [1])], { axis: 0 });
    const best = context.emit('ReduceMax', [all, op.ints([0])], { keepdims: 0 });
    return context.emit('Greater', [best, threshold]);
  };
  const start = eligible(op, scores);
  const positions = upTo(op, op.shapeOf(scores));
  inner.builder.input('int64', []);
  inner.builder.input('bool', []);
  const state = inner.builder.input(dtype, shape);
  const best = inner.emit('ArgMax', [state], { axis: 0, keepdims: 0 });
  const isBest = inner.emit('Equal', [positions, best]);
  const others = inner.emit('Where', [isBest, threshold, rescored(inner, state, best)]);
  const next = eligible(inner, others);
  inner.builder.output(isLeft(inner, next));
  inner.builder.output(next);
  inner.builder.output(best);
  inner.builder.output(inner.emit('Gather', [state, best], { axis: 0 }));
  const [, taken, takenScores] = op.builder.emitWithGraphs(
    'Loop',
    [most, isLeft(op, start), start],
    { body: inner.builder },
    [
      { dtype, shape },
      { dtype: 'int64', shape: [null] },
      { dtype, shape: [null] },
    ],
  ) as [Value, Value, Value];
  return [taken, takenScores];
}

/** Suppression that lowers the scores of what overlaps by a Gaussian of the overlap. */
function softened(op: OpContext, boxes: Value, scores: Value, { most, score }: Limits, sigma: Value) {
  const scale = op.emit('Div', [op.scalar('float', -0.5), sigma]);
  const share = overlaps(op, boxes);
  return takeBest(op, scores, most, score, (inner, current, i) => {
    const shared = share(inner, i);
    const exponent = inner.emit('Mul', [inner.emit('Mul', [scale, shared]), shared]);
    return inner.emit('Mul', [current, inner.emit('Exp', [exponent])]);
  });
}

/** Zeros behind, up to the most that could have been. */
function padded(op: OpContext, value: Value, count: Value, most: Value): Value {
  const missing = op.emit('Max', [op.emit('Sub', [most, count]), op.ints([0])]);
  const y = op.emit('Pad', [value, joined(op, op.ints([0]), missing)], { mode: 'constant' });
  return numbersOf(most) === undefined ? y : op.emit('Reshape', [y, most], { allowzero: 1 });
}

function limitsOf(op: OpContext, version: number): Limits {
  const overlap =
    version === 1
      ? op.scalar('float', op.attributes.float('iou_threshold', 0.5))
      : scalarOf(op, op.input(3), 'float');
  const score = version < 3 ? extreme(op, 'float', 'lowest') : scalarOf(op, op.input(4), 'float');
  return { most: scalarOf(op, op.input(2), 'int64'), overlap, score };
}

/** @param version 1 to 3 give indices alone, 4 may pad them, 5 gives scores and may be soft. */
const suppression = (version: number): OpDefinition => ({
  dtypes: ['float', 'float16'],
  ranks: [2, 1],
  ...(version === 4 && { outputs: ['selected_indices', 'valid_outputs'] }),
  ...(version === 5 && {
    outputs: ['selected_indices', 'selected_scores', 'valid_outputs'],
    limits: 'a constant soft_nms_sigma',
  }),
  lower(op: OpContext) {
    const [boxes, scores] = [op.cast(op.input(0), 'float'), op.cast(op.input(1), 'float')];
    const limits = limitsOf(op, version);
    const sigma = version === 5 ? numbersOf(op.input(5))?.[0] : 0;
    if (sigma === undefined) op.fail('whether its soft_nms_sigma is 0 only a run tells');
    const [indices, found] =
      sigma > 0
        ? softened(op, boxes, scores, limits, scalarOf(op, op.input(5), 'float'))
        : [selected(op, boxes, scores, limits), null];
    const counted = op.cast(indices, 'int32');
    if (version < 4) return counted;
    const count = op.shapeOf(indices);
    const most = op.reshape(limits.most, [1]);
    const whole = (value: Value) =>
      op.attributes.bool('pad_to_max_output_size') ? padded(op, value, count, most) : value;
    const valid = op.cast(op.reshape(count, []), 'int32');
    if (version === 4) return [whole(counted), valid];
    const best = found ?? op.emit('Gather', [scores, indices], { axis: 0 });
    return [whole(counted), op.cast(whole(best), op.input(1).dtype), valid];
  },
});

/** Overlaps are given, [boxes, boxes]. */
const withOverlaps: OpDefinition = {
  ranks: [2, 1],
  lower(op) {
    const [shares, scores] = [op.input(0), op.input(1)];
    const [overlap, score] = [scalarOf(op, op.input(3), 'float'), scalarOf(op, op.input(4), 'float')];
    const most = scalarOf(op, op.input(2), 'int64');
    const [indices] = takeBest(op, scores, most, score, (inner, current, i) => {
      const isOver = inner.emit('Greater', [inner.emit('Gather', [shares, i], { axis: 1 }), overlap]);
      return inner.emit('Where', [isOver, score, current]);
    });
    return op.cast(indices, 'int32');
  },
};

/**
 * Suppression in each class of each image, and the best of all classes: scores of what is left go into a table of all boxes and classes, of
 * which the highest are taken.
 */
function combined(op: OpContext): Value[] {
  const [boxes, scores] = [op.input(0), op.input(1)];
  const [batch, classes] = [sizeAt(op, scores, 0), sizeAt(op, scores, 2)];
  const sharing = boxes.shape?.[2];
  if (typeof sharing !== 'number') op.fail('how many classes its boxes have has to be known');
  const perClass = op.emit('Transpose', [scores], { perm: [0, 2, 1] });
  const count = sizeAt(op, scores, 1);
  const limits = [op.input(2), op.input(4), op.input(5)].map((value, i) =>
    scalarOf(op, value, i === 0 ? 'int64' : 'float'),
  ) as [Value, Value, Value];
  const four = op.ints([4]);
  const owned = op.transpose(boxes, [0, 2, 1, 3]);
  // Where each class has boxes of its own, each class of each image is an image with one class.
  const rows = op.emit('Mul', [batch, classes]);
  const one = op.ints([1]);
  const isShared = sharing === 1;
  const allBoxes = isShared
    ? op.emit('Reshape', [owned, joined(op, batch, count, four)])
    : op.emit('Reshape', [owned, joined(op, rows, count, four)]);
  const allScores = isShared ? perClass : op.emit('Reshape', [perClass, joined(op, rows, one, count)]);
  const kept = suppress(op, [allBoxes, allScores, ...limits]);
  const low = extreme(op, 'float', 'lowest');
  const values = op.emit('GatherND', [allScores, kept]);
  const table = op.emit('ScatterND', [op.emit('Expand', [low, op.shapeOf(allScores)]), kept, values], {});
  const cells = op.emit('Mul', [classes, count]);
  const flat = op.emit('Reshape', [table, joined(op, batch, cells)]);
  const total = op.vector(3);
  const mostOfClasses = op.emit('Mul', [op.reshape(limits[0], [1]), classes]);
  const size = op.attributes.bool('pad_per_class') ? op.emit('Min', [total, mostOfClasses]) : total;
  const k = op.emit('Min', [size, cells]);
  const [best, places] = op.emitMany('TopK', [flat, k], { axis: 1, largest: 1, sorted: 1 }, 2) as [
    Value,
    Value,
  ];
  const isFound = op.emit('Greater', [best, low]);
  const divisor = op.emit('Max', [count, one]);
  const owner = op.emit('Div', [places, divisor]);
  const box = op.emit('Mod', [places, divisor], { fmod: 0 });
  const image = op.emit('Expand', [overInner(op, upTo(op, batch), 1), op.shapeOf(places)]);
  const of = isShared ? op.emit('Mul', [owner, op.ints([0])]) : owner;
  const points = op.emit(
    'Concat',
    [image, of, box].map((part) => overInner(op, part, 1)),
    { axis: 2 },
  );
  const found = op.emit('GatherND', [owned, points]);
  const clipped = op.attributes.bool('clip_boxes', true)
    ? op.emit('Min', [op.emit('Max', [found, op.scalar('float', 0)]), op.scalar('float', 1)])
    : found;
  const zero = op.scalar('float', 0);
  const missing = op.emit('Sub', [size, k]);
  const behind = (value: Value, inner: number) => {
    const none = op.ints(new Array(inner + 1).fill(0));
    const pads = joined(op, none, op.ints([0]), op.ints([0]), missing, op.ints(new Array(inner).fill(0)));
    return op.emit('Pad', [value, pads], { mode: 'constant' });
  };
  const boxesFound = op.emit('Where', [overInner(op, isFound, 1), clipped, zero]);
  const classesFound = op.emit('Where', [isFound, op.cast(owner, 'float'), zero]);
  return [
    behind(boxesFound, 1),
    behind(op.emit('Where', [isFound, best, zero]), 0),
    behind(classesFound, 0),
    op.emit('ReduceSum', [op.cast(isFound, 'int32'), op.ints([1])], { keepdims: 0 }),
  ];
}

export const detection = defineOps('Detection', {
  NonMaxSuppression: suppression(1),
  NonMaxSuppressionV2: suppression(2),
  NonMaxSuppressionV3: suppression(3),
  NonMaxSuppressionV4: suppression(4),
  NonMaxSuppressionV5: suppression(5),
  NonMaxSuppressionWithOverlaps: withOverlaps,
  CombinedNonMaxSuppression: {
    ranks: [4, 3],
    outputs: ['nmsed_boxes', 'nmsed_scores', 'nmsed_classes', 'valid_detections'],
    limits: 'of equal scores of different classes that of the lower class comes first',
    lower: combined,
  },
});
