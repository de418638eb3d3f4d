import { elementsOf, sizeOf } from '../../onnx-graph/host-tensor.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { Layout, QuantizedGraph } from './quantized-graph.ts';
import { NotLowered, type QuantizedOperator, type QuantizedTensor } from './quantized-model.ts';

/** Puts what an operator does into the graph. @throws NotLowered where it is of a kind that is not provided for. */
type Lowering = (graph: QuantizedGraph, operator: QuantizedOperator) => void;

/** Of the enumerations of the schema. */
const SAME = 0;
const NO_ACTIVATION = 0;
const RELU = 1;
const RELU6 = 3;

/** Places of the options' fields: stride and dilation first of the width. */
const CONV = { padding: 0, stride: 1, activation: 3, dilation: 4 };
const DEPTHWISE = { padding: 0, stride: 1, activation: 4, dilation: 5 };
const POOL = { padding: 0, stride: 1, filter: 3, activation: 5 };
const DENSE = { activation: 0, format: 1, keepsDims: 2 };
const CONCATENATION = { axis: 0, activation: 1 };

/** By BuiltinOperator of the schema. */
export const LOWERINGS: ReadonlyMap<number, Lowering> = new Map<number, Lowering>([
  [0, elementwise('Add')],
  [1, pool('AveragePool')],
  [2, concatenation],
  [3, convolution],
  [4, convolution],
  [6, (graph, { inputs, output }) => graph.setReal(output, graph.real(present(inputs[0])))],
  [9, dense],
  [14, ofEach('Sigmoid')],
  [17, pool('MaxPool')],
  [18, elementwise('Mul')],
  [19, ofEach('Relu')],
  [22, reshape],
  [25, softmax],
  [34, pad],
  [40, mean],
  [41, elementwise('Sub')],
  [43, squeeze],
  [114, (graph, { inputs, output }) => graph.setReal(output, graph.real(present(inputs[0])))],
]);

function convolution(graph: QuantizedGraph, { code, inputs, output, options }: QuantizedOperator): void {
  const isDepthwise = code === 4;
  const fields = isDepthwise ? DEPTHWISE : CONV;
  const [image, weights, bias] = [present(inputs[0]), constant(inputs[1]), inputs[2] ?? null];
  const [height = 0, width = 0] = weights.shape.slice(1, 3);
  const channels = image.shape[3] ?? 0;
  if (weights.shape.length !== 4 || (!isDepthwise && weights.shape[3] !== channels)) {
    throw new NotLowered('weights of another shape');
  }
  if (options === undefined) throw new NotLowered('an operator without options');
  const strides = [options.integer(fields.stride + 1), options.integer(fields.stride)];
  const dilations = [options.integer(fields.dilation + 1) || 1, options.integer(fields.dilation) || 1];
  const isSame = options.byte(fields.padding) === SAME;
  const perm = isDepthwise ? [3, 0, 1, 2] : [0, 3, 1, 2];
  const filter = graph.emit('Transpose', [graph.stored(weights, 'rowMajor')], { perm });
  const operands = [graph.real(image, 'channelsFirst'), graph.dequantized(filter, weights)];
  if (bias !== null) operands.push(biasOf(graph, bias, image, weights));
  const value = graph.emit('Conv', operands, {
    kernel_shape: [height, width],
    strides,
    dilations,
    group: isDepthwise ? channels : 1,
    pads: padding(image.shape, [height, width], strides, dilations, isSame),
  });
  graph.setReal(output, activated(graph, value, options.byte(fields.activation)), 'channelsFirst');
}

/** Of 32-bit integers, in steps of a product of both operands' steps. */
function biasOf(
  graph: QuantizedGraph,
  bias: QuantizedTensor,
  input: QuantizedTensor,
  weights: QuantizedTensor,
): Value {
  const scale = input.scale === null || weights.scale === null ? null : input.scale * weights.scale;
  return graph.dequantized(graph.stored(constant(bias), 'rowMajor'), bias, scale);
}

function pool(op: 'AveragePool' | 'MaxPool'): Lowering {
  return (graph, { inputs, output, options }) => {
    const image = present(inputs[0]);
    if (options === undefined) throw new NotLowered('an operator without options');
    const kernel = [options.integer(POOL.filter + 1), options.integer(POOL.filter)];
    const strides = [options.integer(POOL.stride + 1), options.integer(POOL.stride)];
    const isSame = options.byte(POOL.padding) === SAME;
    const value = graph.emit(op, [graph.real(image, 'channelsFirst')], {
      kernel_shape: kernel,
      strides,
      pads: padding(image.shape, kernel, strides, [1, 1], isSame),
    });
    graph.setReal(output, activated(graph, value, options.byte(POOL.activation)), 'channelsFirst');
  };
}

/** Before and behind, top and left first. */
function padding(
  image: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  isSame: boolean,
): number[] {
  const sizes = image.slice(1, 3);
  if (image.length !== 4 || ![...kernel, ...strides, ...dilations].every((size) => size > 0)) {
    throw new NotLowered('an image that is none');
  }
  if (!isSame) return [0, 0, 0, 0];
  const pads = sizes.map((size, d) => {
    const [step, dilation, extent] = [strides[d], dilations[d], kernel[d]] as [number, number, number];
    const covered = (Math.ceil(size / step) - 1) * step + (extent - 1) * dilation + 1;
    return Math.max(0, covered - size);
  });
  return [...pads.map((pad) => pad >> 1), ...pads.map((pad) => pad - (pad >> 1))];
}

function dense(graph: QuantizedGraph, { inputs, output, options }: QuantizedOperator): void {
  const [input, weights, bias] = [present(inputs[0]), constant(inputs[1]), inputs[2] ?? null];
  const [units = 0, width = 0] = weights.shape;
  if (
    weights.shape.length !== 2 ||
    options?.byte(DENSE.format) !== 0 ||
    options.byte(DENSE.keepsDims) !== 0
  ) {
    throw new NotLowered('weights of another shape');
  }
  const rows = sizeOf(input.shape) / width;
  const isRow = rows === input.shape[0];
  const flat =
    input.shape.length === 2
      ? graph.stored(input, 'rowMajor')
      : graph.emit('Reshape', [
          graph.stored(input, 'rowMajor'),
          graph.builder.ints([isRow ? 0 : rows, width]),
        ]);
  const filter = graph.emit('Transpose', [graph.stored(weights, 'rowMajor')], { perm: [1, 0] });
  const operands = [graph.dequantized(flat, input), graph.dequantized(filter, weights)];
  if (bias !== null) operands.push(biasOf(graph, bias, input, weights));
  const value = bias === null ? graph.emit('MatMul', operands) : graph.emit('Gemm', operands);
  if (output.shape.length !== 2 || output.shape[1] !== units)
    throw new NotLowered('a result of another shape');
  graph.setReal(output, activated(graph, value, options.byte(DENSE.activation)));
}

function elementwise(op: 'Add' | 'Sub' | 'Mul'): Lowering {
  return (graph, { inputs, output, options }) => {
    const [left, right] = [present(inputs[0]), present(inputs[1])];
    const layout = imagesIn([left, right, output]);
    const value = graph.emit(op, [graph.real(left, layout), graph.real(right, layout)]);
    graph.setReal(output, activated(graph, value, options?.byte(0) ?? NO_ACTIVATION), layout);
  };
}

function ofEach(op: 'Sigmoid' | 'Relu'): Lowering {
  return (graph, { inputs, output }) => {
    const input = present(inputs[0]);
    const layout = imagesIn([input]);
    graph.setReal(output, graph.emit(op, [graph.real(input, layout)]), layout);
  };
}

function concatenation(graph: QuantizedGraph, { inputs, output, options }: QuantizedOperator): void {
  const parts = inputs.map(present);
  const rank = output.shape.length;
  const axis = options?.integer(CONCATENATION.axis) ?? 0;
  const positive = axis < 0 ? axis + rank : axis;
  const layout = imagesIn([...parts, output]);
  // Of an axis of the model the place in ONNX's layout.
  const place = layout === 'channelsFirst' ? ([0, 2, 3, 1][positive] as number) : positive;
  if (positive === 0) throw new NotLowered('rows that are put together');
  const value = graph.emit(
    'Concat',
    parts.map((part) => graph.real(part, layout)),
    { axis: place },
  );
  graph.setReal(
    output,
    activated(graph, value, options?.byte(CONCATENATION.activation) ?? NO_ACTIVATION),
    layout,
  );
}

/** The shape is the one that the result has in the file. */
function reshape(graph: QuantizedGraph, { inputs, output }: QuantizedOperator): void {
  const input = present(inputs[0]);
  if (sizeOf(input.shape) !== sizeOf(output.shape)) throw new NotLowered('a result of another size');
  if (input.scale !== output.scale || input.zeroPoint !== output.zeroPoint)
    throw new NotLowered('another scale');
  const [rows, ...others] = output.shape;
  const shape = rows !== undefined && rows === input.shape[0] ? [0, ...others] : output.shape;
  graph.set(output, graph.emit('Reshape', [graph.stored(input, 'rowMajor'), graph.builder.ints(shape)]));
}

function squeeze(graph: QuantizedGraph, operator: QuantizedOperator): void {
  const dims = operator.options?.integers(0) ?? [];
  // Where none are named, those of the run count, the rows too.
  if (dims.length === 0 || dims.includes(0)) throw new NotLowered('rows that are taken away');
  reshape(graph, operator);
}

function softmax(graph: QuantizedGraph, { inputs, output, options }: QuantizedOperator): void {
  const input = present(inputs[0]);
  const beta = options?.float(0) ?? 0;
  const real = graph.real(input);
  const scaled = beta === 1 ? real : graph.emit('Mul', [real, graph.builder.scalar('float', beta)]);
  graph.setReal(output, graph.emit('Softmax', [scaled], { axis: -1 }));
}

/** Of quantized tensors with what stands for zero. */
function pad(graph: QuantizedGraph, { inputs, output }: QuantizedOperator): void {
  const input = present(inputs[0]);
  const pairs = integersOf(inputs[1]);
  const rank = input.shape.length;
  if (pairs.length !== 2 * rank || inputs.length !== 2) throw new NotLowered('pads of another shape');
  if (pairs[0] !== 0 || pairs[1] !== 0) throw new NotLowered('rows that are added');
  const layout = imagesIn([input, output]);
  const order = layout === 'channelsFirst' ? [0, 3, 1, 2] : Array.from({ length: rank }, (_, d) => d);
  const pads = [0, 1].flatMap((side) => order.map((d) => pairs[2 * d + side] as number));
  graph.setReal(output, graph.emit('Pad', [graph.real(input, layout), graph.builder.ints(pads)]), layout);
}

function mean(graph: QuantizedGraph, { inputs, output, options }: QuantizedOperator): void {
  const input = present(inputs[0]);
  const rank = input.shape.length;
  const axes = integersOf(inputs[1]).map((axis) => (axis < 0 ? axis + rank : axis));
  if (axes.includes(0)) throw new NotLowered('rows that are added up');
  const keepdims = options?.byte(0) === 1 ? 1 : 0;
  graph.setReal(
    output,
    graph.emit('ReduceMean', [graph.real(input), graph.builder.ints(axes)], { keepdims }),
  );
}

function activated(graph: QuantizedGraph, value: Value, activation: number): Value {
  if (activation === NO_ACTIVATION) return value;
  if (activation === RELU) return graph.emit('Relu', [value]);
  if (activation !== RELU6) throw new NotLowered(`activation ${activation}`);
  return graph.emit('Clip', [value, graph.builder.scalar('float', 0), graph.builder.scalar('float', 6)]);
}

function imagesIn(tensors: readonly QuantizedTensor[]): Layout {
  return tensors.every(({ shape, data }) => shape.length === 4 && data === null)
    ? 'channelsFirst'
    : 'rowMajor';
}

function present(tensor: QuantizedTensor | null | undefined): QuantizedTensor {
  if (tensor === null || tensor === undefined) throw new NotLowered('an operand that is left out');
  return tensor;
}

function constant(tensor: QuantizedTensor | null | undefined): QuantizedTensor {
  const found = present(tensor);
  if (found.data === null) throw new NotLowered('weights that are no constant');
  return found;
}

function integersOf(tensor: QuantizedTensor | null | undefined): number[] {
  const { dtype, shape, data } = constant(tensor);
  if (dtype !== 'int32') throw new NotLowered(`integers of ${dtype}`);
  return elementsOf({ dtype, shape, bytes: data as Uint8Array }) ?? [];
}
