import { FLOATS, NUMBERS } from '../../onnx-graph/data-types.ts';
import type { GraphBuilder } from '../../onnx-graph/graph-builder.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps } from '../op-registry.ts';
import { extreme, joined, sizesFrom } from './sizes.ts';

/** Further than any dimension reaches: ONNX clamps it. */
const END = 2 ** 31 - 1;

/** Running results along an axis, one slice after the other. */
function scanned(
  op: OpContext,
  first: Value,
  step: (body: GraphBuilder, state: Value, slice: Value) => Value,
): Value {
  const x = op.input(0);
  const rank = op.knownRank(x, 'input');
  const given = op.constantInt(1, 'axis');
  const axis = given < 0 ? given + rank : given;
  const body = op.builder.subgraph();
  const inner = x.shape?.toSpliced(axis, 1);
  const [state, slice] = [body.input(x.dtype, inner), body.input(x.dtype, inner)];
  const next = step(body, state, slice);
  body.output(next);
  body.output(op.attributes.bool('exclusive') ? state : next);
  const [before, after] = [sizesFrom(op, x, 0, axis), sizesFrom(op, x, axis + 1)];
  const backwards = op.attributes.bool('reverse') ? 1 : 0;
  // ONNX Runtime refuses to go over nothing: there is one slice more where it could come to that, the last on the way.
  const size = x.shape?.[axis];
  const isSafe = typeof size === 'number' && size > 0;
  const more = () => op.emit('Expand', [first, joined(op, before, op.ints([1]), after)]);
  const order = (slice: Value) => (backwards === 1 ? [slice, x] : [x, slice]);
  const padded = isSafe ? x : op.emit('Concat', order(more()), { axis });
  const [, all] = op.builder.emitMany(
    'Scan',
    [op.emit('Expand', [first, joined(op, before, after)]), padded],
    {
      body: { graph: body.graph },
      num_scan_inputs: 1,
      scan_input_axes: [axis],
      scan_output_axes: [axis],
      scan_input_directions: [backwards],
      scan_output_directions: [backwards],
    },
    {
      name: op.node.name,
      outputs: [
        { dtype: x.dtype, shape: inner },
        { dtype: x.dtype, shape: padded.shape },
      ],
    },
  ) as [Value, Value];
  if (isSafe) return all;
  const [from, to] = backwards === 1 ? [op.ints([1]), op.ints([END])] : [op.ints([0]), op.ints([-1])];
  return op.emit(
    'Slice',
    [all, from, to, op.ints([axis])],
    {},
    { outputs: [{ dtype: x.dtype, shape: x.shape }] },
  );
}

/** log(e^a + e^b) without overflow. */
function logOfSum(body: GraphBuilder, a: Value, b: Value): Value {
  const distance = body.emit('Abs', [body.emit('Sub', [a, b])]);
  const smaller = body.emit('Exp', [body.emit('Neg', [distance])]);
  const correction = body.emit('Log', [body.emit('Add', [smaller, body.scalar(a.dtype, 1)])]);
  return body.emit('Add', [body.emit('Max', [a, b]), correction]);
}

export const running = defineOps('Running results', {
  Cumsum: {
    dtypes: NUMBERS,
    lower: (op) =>
      op.emit('CumSum', [op.input(0), op.reshape(op.cast(op.input(1), 'int64'), [])], {
        exclusive: op.attributes.bool('exclusive') ? 1 : 0,
        reverse: op.attributes.bool('reverse') ? 1 : 0,
      }),
  },
  Cumprod: {
    dtypes: NUMBERS,
    limits: 'a constant axis',
    lower: (op) =>
      scanned(op, op.scalar(op.input(0).dtype, 1), (body, state, x) => body.emit('Mul', [state, x])),
  },
  CumulativeLogsumexp: {
    dtypes: FLOATS,
    limits: 'a constant axis',
    lower: (op) => scanned(op, extreme(op, op.input(0).dtype, 'lowest'), logOfSum),
  },
});
