import type { DataType } from '../../onnx-graph/data-types.ts';
import { FLOATS, NUMBERS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';
import { fromChannelsFirst, type Layout, layoutOf, toChannelsFirst } from './spatial.ts';

const DTYPES: readonly DataType[] = ['float', 'double', 'float16'];

/** One number for each channel, shaped so that it broadcasts over a value in the node's layout. */
function perChannel(op: OpContext, layout: Layout, value: Value): Value {
  return layout.channelsLast ? value : op.reshape(value, [-1, ...new Array(layout.rank - 2).fill(1)]);
}

/** Normalizes by the statistics of this batch, and returns them too. */
function trained(op: OpContext, layout: Layout, x: Value, epsilon: number): Value[] {
  const { rank, channelsLast } = layout;
  const all = Array.from({ length: rank }, (_, d) => d);
  const axes = op.ints(all.filter((d) => d !== (channelsLast ? rank - 1 : 1)));
  const mean = op.emit('ReduceMean', [x, axes], { keepdims: 1 });
  const centred = op.emit('Sub', [x, mean]);
  const variance = op.emit('ReduceMean', [op.emit('Mul', [centred, centred]), axes], { keepdims: 1 });
  const deviation = op.emit('Sqrt', [op.emit('Add', [variance, op.scalar(x.dtype, epsilon)])]);
  const normalized = op.emit('Div', [centred, deviation]);
  const scaled = op.emit('Mul', [normalized, perChannel(op, layout, op.cast(op.input(1), x.dtype))]);
  const y = op.emit('Add', [scaled, perChannel(op, layout, op.cast(op.input(2), x.dtype))]);
  // What comes out is the estimate for all data: divided by one less than the count.
  const count = op.cast(op.emit('Div', [op.emit('Size', [x]), op.emit('Size', [mean])]), x.dtype);
  const others = op.emit('Max', [op.emit('Sub', [count, op.scalar(x.dtype, 1)]), op.scalar(x.dtype, 1)]);
  const unbiased = op.emit('Mul', [variance, op.emit('Div', [count, others])]);
  return [y, op.reshape(mean, [-1]), op.reshape(unbiased, [-1])];
}

/** Statistics blended into running ones where the node asks for it. */
function blended(op: OpContext, batch: Value, running: Value): Value {
  const factor = op.attributes.float('exponential_avg_factor', 1);
  if (factor === 1) return batch;
  const weighted = (value: Value, by: number) => op.emit('Mul', [value, op.scalar(value.dtype, by)]);
  return op.emit('Add', [weighted(op.cast(running, batch.dtype), 1 - factor), weighted(batch, factor)]);
}

const fused: OpDefinition = {
  dtypes: DTYPES,
  outputs: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2', 'reserve_space_3'],
  lower(op) {
    const format = op.attributes.text('data_format', 'NHWC');
    const layout = layoutOf(op, format.includes('D') ? 5 : 4);
    const given = op.input(0);
    const epsilon = op.attributes.float('epsilon', 1e-4);
    const parameters = op.inputs.slice(1);
    const statistics = parameters[0]?.dtype ?? given.dtype;
    // Statistics of half are float; ONNX Runtime has no kernel for the mixture.
    const x = op.cast(given, statistics);
    if (op.attributes.bool('is_training', true)) {
      const [y, mean, variance] = trained(op, layout, x, epsilon) as [Value, Value, Value];
      const [m, v] = [blended(op, mean, op.input(3)), blended(op, variance, op.input(4))];
      return [op.cast(y, given.dtype), m, v, mean, variance, variance];
    }
    const first = toChannelsFirst(op, layout, x);
    const y = op.emit('BatchNormalization', [first, ...parameters.slice(0, 4)], {
      epsilon: { float: epsilon },
    });
    const [mean, variance] = [op.input(3), op.input(4)];
    return [op.cast(fromChannelsFirst(op, layout, y), given.dtype), mean, variance, mean, variance, variance];
  },
};

export const normalization = defineOps('Bias, softmax and normalization', {
  BiasAdd: {
    dtypes: NUMBERS,
    lower(op) {
      const x = op.input(0);
      const first = op.attributes.text('data_format', 'NHWC').startsWith('NC');
      const bias = op.input(1);
      if (!first) return op.emit('Add', [x, bias]);
      const rank = op.knownRank(x, 'value');
      return op.emit('Add', [x, op.reshape(bias, [-1, ...new Array(Math.max(0, rank - 2)).fill(1)])]);
    },
  },
  BiasAddV1: { dtypes: NUMBERS, lower: (op) => op.emit('Add', op.inputs) },
  Softmax: { dtypes: FLOATS, lower: (op) => op.emit('Softmax', [op.input(0)], { axis: -1 }) },
  LogSoftmax: { dtypes: FLOATS, lower: (op) => op.emit('LogSoftmax', [op.input(0)], { axis: -1 }) },
  ...alike(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'], fused),
  LRN: {
    dtypes: ['float', 'float16'],
    ranks: [4],
    lower(op) {
      const size = 2 * op.attributes.int('depth_radius', 5) + 1;
      const layout = { rank: 4, channelsLast: true };
      const y = op.emit('LRN', [toChannelsFirst(op, layout, op.input(0))], {
        size,
        // ONNX divides alpha by the size of the window.
        alpha: { float: op.attributes.float('alpha', 1) * size },
        beta: { float: op.attributes.float('beta', 0.5) },
        bias: { float: op.attributes.float('bias', 1) },
      });
      return fromChannelsFirst(op, layout, y);
    },
  },
  L2Loss: {
    dtypes: FLOATS,
    lower(op) {
      const x = op.reshape(op.input(0), [-1]);
      const sum = op.emit('ReduceSum', [op.emit('Mul', [x, x]), op.ints([0])], { keepdims: 0 });
      return op.emit('Mul', [sum, op.scalar(x.dtype, 0.5)]);
    },
  },
});
