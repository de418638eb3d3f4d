import * as tfjs from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { Tensor } from '../../src/tensors/tensor.ts';
import { type Attr, type Seen, seen, type TfNode } from './tensorflow-graphs.ts';

type Given = readonly tfjs.Tensor[];
type Read = {
  ints: (name: string) => number[];
  int: (name: string) => number;
  flag: (name: string) => boolean;
  text: (name: string) => string;
  float: (name: string) => number;
};
type Handler = (given: Given, read: Read) => tfjs.Tensor | tfjs.Tensor[];

const run = (kernel: string, inputs: object, attributes: object = {}) =>
  tfjs
    .engine()
    .runKernel(kernel, inputs as tfjs.NamedTensorMap, attributes as tfjs.NamedAttrMap) as tfjs.Tensor;
const unary =
  (kernel: string): Handler =>
  ([x]) =>
    run(kernel, { x });
const binary =
  (kernel: string): Handler =>
  ([a, b]) =>
    run(kernel, { a, b });
const numbers = (x: tfjs.Tensor | undefined) => Array.from((x as tfjs.Tensor).dataSync());
const scalar = (x: tfjs.Tensor | undefined) => numbers(x)[0] as number;
const spatial = (list: number[]) => list.slice(1, 3);
const window = ({ ints, text }: Read) => ({
  strides: spatial(ints('strides')),
  pad: text('padding').toLowerCase(),
  dataFormat: 'NHWC',
  dilations: [1, 1],
});
const pool =
  (kernel: string): Handler =>
  ([x], read) =>
    run(kernel, { x }, { ...window(read), filterSize: spatial(read.ints('ksize')) });

/** TensorFlow's ops by the kernels of TensorFlow.js. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  Conv2D: ([x, filter], read) => run('Conv2D', { x, filter }, window(read)),
  DepthwiseConv2dNative: ([x, filter], read) => run('DepthwiseConv2dNative', { x, filter }, window(read)),
  FusedBatchNormV3: ([x, scale, offset, mean, variance], { float }) =>
    run('FusedBatchNorm', { x, scale, offset, mean, variance }, { varianceEpsilon: float('epsilon') }),
  MaxPool: pool('MaxPool'),
  AvgPool: pool('AvgPool'),
  ...{ Relu: unary('Relu'), Relu6: unary('Relu6'), Sigmoid: unary('Sigmoid'), Exp: unary('Exp') },
  ...{ Erf: unary('Erf'), Tanh: unary('Tanh'), Rsqrt: unary('Rsqrt') },
  ...{ AddV2: binary('Add'), BiasAdd: binary('Add'), Sub: binary('Sub'), Mul: binary('Multiply') },
  SquaredDifference: binary('SquaredDifference'),
  Softmax: ([logits]) => run('Softmax', { logits }, { dim: -1 }),
  Mean: ([x, axes], { flag }) => tfjs.mean(x as tfjs.Tensor, numbers(axes), flag('keep_dims')),
  MatMul: ([a, b]) => tfjs.matMul(a as tfjs.Tensor2D, b as tfjs.Tensor2D),
  BatchMatMulV2: ([a, b], { flag }) =>
    run('BatchMatMul', { a, b }, { transposeA: flag('adj_x'), transposeB: flag('adj_y') }),
  Reshape: ([x, shape]) => tfjs.reshape(x as tfjs.Tensor, numbers(shape)),
  Transpose: ([x, perm]) => run('Transpose', { x }, { perm: numbers(perm) }),
  Cast: ([x]) => tfjs.cast(x as tfjs.Tensor, 'float32'),
  ConcatV2: (given) => tfjs.concat(given.slice(0, -1) as tfjs.Tensor[], scalar(given.at(-1))),
  Pack: (given) => tfjs.stack(given as tfjs.Tensor[], 0),
  Unpack: ([value]) => tfjs.unstack(value as tfjs.Tensor, 0),
  Slice: ([x, begin, size]) => tfjs.slice(x as tfjs.Tensor, numbers(begin), numbers(size)),
  GatherV2: ([x, indices, axis]) => run('GatherV2', { x, indices }, { axis: scalar(axis), batchDims: 0 }),
  NonMaxSuppressionV3: ([boxes, scores, most, overlap, score]) =>
    run(
      'NonMaxSuppressionV3',
      { boxes, scores },
      { maxOutputSize: scalar(most), iouThreshold: scalar(overlap), scoreThreshold: scalar(score) },
    ),
};

function reader(attributes: Readonly<Record<string, Attr>>): Read {
  const get = (name: string, kind: string) => attributes[name]?.[kind];
  return {
    ints: (name) => (get(name, 'list') as { i: number[] }).i,
    int: (name) => get(name, 'i') as number,
    flag: (name) => get(name, 'b') === true,
    text: (name) => String(get(name, 's')),
    float: (name) => get(name, 'f') as number,
  };
}

function constantOf(node: TfNode): tfjs.Tensor {
  const value = node.attr?.value as unknown;
  const { tensor } = value as {
    tensor: { tensorShape: { dim: { size: number }[] }; floatVal?: number[]; intVal?: number[] };
  };
  const shape = tensor.tensorShape.dim.map(({ size }) => size);
  return tensor.floatVal === undefined
    ? tfjs.tensor(tensor.intVal ?? [], shape, 'int32')
    : tfjs.tensor(tensor.floatVal, shape, 'float32');
}

/**
 * Runs a graph node by node on the plain CPU backend of TensorFlow.js, an implementation that shares nothing with ONNX Runtime. The nodes
 * have to be in the order in which they can run.
 */
export async function runWithTfjs(
  nodes: readonly TfNode[],
  feeds: Readonly<Record<string, Tensor>>,
  ...outputs: string[]
): Promise<Pick<Seen, 'shape' | 'values'>[]> {
  tfjs.env().set('IS_TEST', true);
  await tfjs.setBackend('cpu');
  const values = new Map<string, tfjs.Tensor[]>();
  const output = (ref: string) => {
    const [name = '', port = '0'] = ref.split(':');
    const found = values.get(name)?.[Number(port)];
    if (found === undefined) throw new Error(`nothing computed ${ref}`);
    return found;
  };
  for (const node of nodes) {
    const fed = feeds[node.name];
    if (fed !== undefined) {
      const { shape, dtype, values: list } = seen(fed);
      values.set(node.name, [
        tfjs.tensor(list as number[], [...shape], dtype === 'INT32' ? 'int32' : 'float32'),
      ]);
    } else if (node.op === 'Const') values.set(node.name, [constantOf(node)]);
    else {
      const handler = HANDLERS[node.op];
      if (handler === undefined) throw new Error(`${node.op} is not among the kernels`);
      values.set(node.name, [handler((node.input ?? []).map(output), reader(node.attr ?? {}))].flat());
    }
  }
  return outputs.map((ref) => {
    const { shape } = output(ref);
    return { shape, values: numbers(output(ref)) };
  });
}
