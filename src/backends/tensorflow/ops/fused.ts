import type { DataType } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps } from '../op-registry.ts';
import { convolved, depthwiseConvolved } from './convolutions.ts';
import { matrices } from './matrices.ts';
import { normalization } from './normalization.ts';
import { bilinear } from './resizing.ts';
import { mirrored } from './slices.ts';

const DTYPES: readonly DataType[] = ['float', 'float16'];

const ACTIVATIONS: Readonly<Record<string, (op: OpContext, x: Value) => Value>> = {
  Identity: (_, x) => x,
  Relu: (op, x) => op.emit('Relu', [x]),
  Relu6: (op, x) => op.emit('Clip', [x, op.scalar(x.dtype, 0), op.scalar(x.dtype, 6)]),
  Elu: (op, x) => op.emit('Elu', [x]),
  Tanh: (op, x) => op.emit('Tanh', [x]),
  Sigmoid: (op, x) => op.emit('Sigmoid', [x]),
  LeakyRelu: (op, x) =>
    op.emit('LeakyRelu', [x], { alpha: { float: op.attributes.float('leakyrelu_alpha', 0.2) } }),
};

/** One number for each channel, to go over the result. */
function overChannels(op: OpContext, values: Value, rank: number): Value {
  const isFirst = op.attributes.text('data_format', 'NHWC').startsWith('NC');
  return isFirst ? op.reshape(values, [-1, ...new Array(rank - 2).fill(1)]) : values;
}

function normalized(op: OpContext, x: Value, parameters: readonly Value[], rank: number): Value {
  const [scale, offset, mean, variance] = parameters.map((value) =>
    overChannels(op, op.cast(value, x.dtype), rank),
  ) as [Value, Value, Value, Value];
  const epsilon = op.scalar(x.dtype, op.attributes.float('epsilon', 1e-4));
  const deviation = op.emit('Sqrt', [op.emit('Add', [variance, epsilon])]);
  const factor = op.emit('Div', [scale, deviation]);
  const centred = op.emit('Sub', [x, mean]);
  return op.emit('Add', [op.emit('Mul', [centred, factor]), offset]);
}

/** What the graph's optimizer has put behind an op: its arguments come after the op's own two inputs. */
function followed(op: OpContext, result: Value, rank: number): Value {
  const given = op.inputs.slice(2);
  const next = () => given.shift() ?? op.fail('it lacks arguments for its fused_ops');
  return (op.attributes.texts('fused_ops') ?? []).reduce((x, step) => {
    if (step === 'BiasAdd') return op.emit('Add', [x, overChannels(op, next(), rank)]);
    if (step === 'Add') return op.emit('Add', [x, next()]);
    if (step === 'FusedBatchNorm') return normalized(op, x, [next(), next(), next(), next()], rank);
    return ACTIVATIONS[step]?.(op, x) ?? op.fail(`it does not know ${step} among its fused_ops`);
  }, result);
}

/** What another op's definition gives for this node. */
function as(op: OpContext, definition: { lower: (op: OpContext) => Value | readonly Value[] } | undefined) {
  return [definition?.lower(op) ?? op.fail('it stands for an op that is missing')].flat() as Value[];
}

const LIMITS = 'fused_ops: BiasAdd, Add, FusedBatchNorm, Relu, Relu6, Elu, LeakyRelu, Tanh, Sigmoid';

export const fused = defineOps('Fused ops', {
  _FusedConv2D: {
    dtypes: DTYPES,
    ranks: [4, 4],
    limits: LIMITS,
    lower: (op) => followed(op, convolved(op, op.input(0), op.input(1), 4), 4),
  },
  _FusedDepthwiseConv2dNative: {
    dtypes: DTYPES,
    ranks: [4, 4],
    limits: `${LIMITS}; filters of a known shape`,
    lower: (op) => followed(op, depthwiseConvolved(op), 4),
  },
  _FusedMatMul: {
    dtypes: DTYPES,
    ranks: [2, 2],
    limits: LIMITS,
    lower: (op) => followed(op, as(op, matrices.ops.MatMul)[0] as Value, 2),
  },
  _FusedBatchNormEx: {
    dtypes: ['float', 'double', 'float16'],
    outputs: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2', 'reserve_space_3'],
    limits: 'activation_mode Identity or Relu',
    lower(op) {
      const [y, ...statistics] = as(op, normalization.ops.FusedBatchNormV3) as [Value, ...Value[]];
      const isAdded = op.attributes.int('num_side_inputs', 0) > 0;
      const sum = isAdded ? op.emit('Add', [y, op.input(5)]) : y;
      const mode = op.attributes.text('activation_mode', 'Identity');
      const activate = ACTIVATIONS[mode] ?? op.fail(`its activation_mode is ${mode}`);
      return [activate(op, sum), ...statistics];
    },
  },
  FusedPadConv2D: {
    dtypes: DTYPES,
    ranks: [4, undefined, 4],
    lower: (op) => convolved(op, mirrored(op, op.input(0), 1), op.input(2), 4),
  },
  FusedResizeAndPadConv2D: {
    dtypes: ['float'],
    ranks: [4, undefined, undefined, 4],
    lower(op) {
      const alignCorners = op.attributes.bool('resize_align_corners');
      const resized = bilinear(op, op.input(0), op.vector(1), { alignCorners, halfPixels: false });
      return convolved(op, mirrored(op, resized, 2), op.input(3), 4);
    },
  },
});
