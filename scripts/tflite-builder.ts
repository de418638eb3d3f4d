import { buildFlatbuffer, type TableFields, table, type Value } from './flatbuffer-builder.ts';

/** TensorType of TensorFlow Lite's schema.fbs. */
export const TYPES = {
  float: 0,
  int32: 2,
  uint8: 3,
  int64: 4,
  string: 5,
  bool: 6,
  int16: 7,
  int8: 9,
} as const;
/** BuiltinOperator of the same. */
export const OPERATORS = {
  add: 0,
  mul: 18,
  reshape: 22,
  rnn: 24,
  where: 109,
  while: 119,
  fullyConnected: 9,
  averagePool: 1,
  concatenation: 2,
  conv: 3,
  depthwiseConv: 4,
  dequantize: 6,
  logistic: 14,
  maxPool: 17,
  relu: 19,
  softmax: 25,
  pad: 34,
  mean: 40,
  sub: 41,
  squeeze: 43,
  quantize: 114,
} as const;

export interface Tensor {
  readonly name: string;
  readonly type: keyof typeof TYPES;
  readonly shape: readonly number[];
  /** The shape with -1 where each run may have another size. */
  readonly signature?: readonly number[];
  /** Of a constant. */
  readonly data?: Uint8Array;
  readonly isVariable?: boolean;
  readonly scale?: number;
  readonly zeroPoint?: number;
}

export interface Operator {
  readonly type: keyof typeof OPERATORS;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The table of its options and what BuiltinOptions calls that, where it does not do without. */
  readonly options?: { readonly type: number; readonly fields: TableFields['fields'] };
}

export interface Subgraph {
  readonly tensors: readonly Tensor[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly operators: readonly Operator[];
}

/** Serializes a TensorFlow Lite model. @param signatures the subgraphs of its signatures, by their names, in their order. */
export function buildTflite(
  subgraphs: readonly Subgraph[],
  signatures: readonly (readonly [name: string, subgraph: number])[] = [],
): Buffer {
  const types = [...new Set(subgraphs.flatMap(({ operators }) => operators.map(({ type }) => type)))];
  // Buffer 0 is empty, by convention, and stands for none.
  const buffers: TableFields[] = [table({})];
  const tensorTable = (tensor: Tensor): TableFields => {
    if (tensor.data !== undefined) buffers.push(table({ 0: tensor.data }));
    return table({
      0: Int32Array.from(tensor.shape),
      1: { u8: TYPES[tensor.type] },
      2: { i32: tensor.data === undefined ? 0 : buffers.length - 1 },
      3: tensor.name,
      ...(tensor.scale === undefined ? {} : { 4: quantization(tensor.scale, tensor.zeroPoint ?? 0) }),
      ...(tensor.isVariable ? { 5: { u8: 1 } } : {}),
      ...(tensor.signature === undefined ? {} : { 7: Int32Array.from(tensor.signature) }),
    });
  };
  const subgraphTables = subgraphs.map(({ tensors, inputs, outputs, operators }) => {
    const indices = (names: readonly string[]) =>
      Int32Array.from(names, (name) => tensors.findIndex((tensor) => tensor.name === name));
    return table({
      0: tensors.map(tensorTable),
      1: indices(inputs),
      2: indices(outputs),
      3: operators.map(({ type, inputs: from, outputs: to, options }) =>
        table({
          0: { i32: types.indexOf(type) },
          1: indices(from),
          2: indices(to),
          ...(options === undefined ? {} : { 3: { u8: options.type }, 4: table(options.fields) }),
        }),
      ),
    });
  });
  const fields: Record<number, Value> = {
    0: { i32: 3 },
    1: types.map((type) => table({ 0: { u8: OPERATORS[type] }, 2: { i32: 1 }, 3: { i32: OPERATORS[type] } })),
    2: subgraphTables,
    4: buffers,
  };
  if (signatures.length > 0) {
    fields[7] = signatures.map(([name, index]) => {
      const { tensors, inputs, outputs } = subgraphs[index] as Subgraph;
      const names = (of: readonly string[]) =>
        of.map((each) => table({ 0: each, 1: { i32: tensors.findIndex((tensor) => tensor.name === each) } }));
      return table({ 0: names(inputs), 1: names(outputs), 2: name, 4: { i32: index } });
    });
  }
  return buildFlatbuffer(table(fields), 'TFL3');
}

function quantization(scale: number, zeroPoint: number): TableFields {
  return table({ 2: Float32Array.of(scale), 3: BigInt64Array.of(BigInt(zeroPoint)) });
}

/** The bytes of a tensor's elements. */
export function bytesOf(elements: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}
