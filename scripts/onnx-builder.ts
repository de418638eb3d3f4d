import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** TensorProto.DataType, the ones used here. */
const DATA_TYPES = { float: 1, int64: 7, string: 8, bool: 9 } as const;
const ATTRIBUTE_TYPES = { int: 2, graph: 5 } as const;
const IR_VERSION = 8;
const OPSET = 17;
/** From 1 GiB on protobufjs 8.8.1 cannot double its buffer any more and copies all of it for each small write. */
const MAX_MEGABYTES = 1023;

export type DataType = keyof typeof DATA_TYPES;
/** A number is a fixed size, a string the name of a size that may differ from run to run. */
export type Dimension = number | string;

export interface Value {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly Dimension[];
}

export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array | boolean;
}

export interface Operator {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | Graph>>;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly operators: readonly Operator[];
  readonly initializers?: readonly Initializer[];
}

const schema = protobuf.parse(
  readFileSync(new URL('../src/backends/onnx-graph/onnx.proto', import.meta.url), 'utf8'),
).root;
const ModelProto = schema.lookupType('onnx.ModelProto');

function valueProto({ name, type, shape }: Value) {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: DATA_TYPES[type], shape: { dim } } } };
}

function tensorProto({ name, shape, data }: Initializer) {
  if (typeof data === 'boolean') {
    return { name, dims: shape, dataType: DATA_TYPES.bool, rawData: Uint8Array.of(data ? 1 : 0) };
  }
  const dataType = data instanceof Float32Array ? DATA_TYPES.float : DATA_TYPES.int64;
  // Raw data is little-endian, as is every machine that Node's ONNX Runtime binding runs on.
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: shape, dataType, rawData };
}

function attributeProto([name, value]: [string, number | Graph]) {
  return typeof value === 'number'
    ? { name, type: ATTRIBUTE_TYPES.int, i: value }
    : { name, type: ATTRIBUTE_TYPES.graph, g: graphProto(value) };
}

function graphProto(graph: Graph): protobuf.Properties<object> {
  return {
    name: graph.name,
    node: graph.operators.map(({ type, inputs, outputs, attributes = {} }) => ({
      opType: type,
      input: inputs,
      output: outputs,
      attribute: Object.entries(attributes).map(attributeProto),
    })),
    initializer: (graph.initializers ?? []).map(tensorProto),
    input: graph.inputs.map(valueProto),
    output: graph.outputs.map(valueProto),
  };
}

/** The bytes of an ONNX file (IR version 8, opset 17) with this graph; the same graph gives the same bytes. */
export function buildModel(graph: Graph): Uint8Array {
  const message = ModelProto.fromObject({
    irVersion: IR_VERSION,
    producerName: 'tessera',
    graph: graphProto(graph),
    opsetImport: [{ domain: '', version: OPSET }],
  });
  // Shared: the writer is dropped here, and the copy that it would make costs seconds for a large model.
  return ModelProto.encode(message).finish(true);
}

/** Random numbers in [0, 1), the same for the same seed on every machine (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A model that is large to store and load but simple to run, for load tests: one Gemm, input `x` float [N, 1024],
 * output `y` float [N, 256 * megabytes].
 * @param megabytes size of the weights in MiB, a whole number from 1 to 1023; the file is under 1 KiB larger.
 * @throws RangeError outside of that.
 */
export function buildLargeModel(megabytes: number): Uint8Array {
  if (!Number.isInteger(megabytes) || megabytes < 1 || megabytes > MAX_MEGABYTES) {
    throw new RangeError(`megabytes must be a whole number from 1 to ${MAX_MEGABYTES}, not ${megabytes}`);
  }
  const rows = 1024;
  const columns = 256 * megabytes;
  const random = seededRandom(megabytes);
  // Not zeros: a page of zeros costs no memory on some systems, and compresses to nothing on the way.
  // One MiB of them, repeated: a random number for each weight takes longer than all the rest.
  const block = new Float32Array(rows * 256).map(() => random() - 0.5);
  const weights = new Float32Array(rows * columns);
  for (let at = 0; at < weights.length; at += block.length) weights.set(block, at);
  return buildModel({
    name: 'large',
    inputs: [{ name: 'x', type: 'float', shape: ['N', rows] }],
    outputs: [{ name: 'y', type: 'float', shape: ['N', columns] }],
    operators: [{ type: 'Gemm', inputs: ['x', 'w'], outputs: ['y'] }],
    initializers: [{ name: 'w', shape: [rows, columns], data: weights }],
  });
}
