import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { Session } from '../../src/backends/backend.ts';
import { tensorflowBackend } from '../../src/backends/tensorflow/tensorflow-backend.ts';
import type { Dtype } from '../../src/tensors/dtype.ts';
import { concatShared } from '../../src/tensors/shared-bytes.ts';
import { type Tensor, tensorBytes } from '../../src/tensors/tensor.ts';

const schema = protobuf.parse(
  readFileSync(new URL('../../src/backends/tensorflow/graph.proto', import.meta.url), 'utf8'),
).root;

/** TensorFlow's numbers of dtypes. */
export const TF = {
  ...{
    float: 1,
    double: 2,
    int32: 3,
    uint8: 4,
    int16: 5,
    int8: 6,
    string: 7,
    complex64: 8,
    int64: 9,
    bool: 10,
  },
  ...{ bfloat16: 14, uint16: 17, half: 19, resource: 20, uint32: 22, uint64: 23 },
} as const;
export type TfType = keyof typeof TF;

/** An attribute as AttrValue has it. */
export type Attr = Readonly<Record<string, unknown>>;

export interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, Attr>>;
}

export const attr = {
  type: (dtype: TfType): Attr => ({ type: TF[dtype] }),
  int: (i: number): Attr => ({ i }),
  ints: (...i: number[]): Attr => ({ list: { i } }),
  float: (f: number): Attr => ({ f }),
  bool: (b: boolean): Attr => ({ b }),
  text: (s: string): Attr => ({ s: Buffer.from(s) }),
  shape: (...sizes: number[]): Attr => ({ shape: { dim: sizes.map((size) => ({ size })) } }),
};

/** An input of any shape, or of the one given (-1: any size). */
export function placeholder(name: string, dtype: TfType = 'float', shape?: readonly number[]): TfNode {
  const declared = shape === undefined ? { shape: { unknownRank: true } } : attr.shape(...shape);
  return { name, op: 'Placeholder', attr: { dtype: attr.type(dtype), shape: declared } };
}

const VALUES: Partial<Record<TfType, string>> = {
  ...{ float: 'floatVal', double: 'doubleVal', int64: 'int64Val', bool: 'boolVal', string: 'stringVal' },
  ...{ half: 'halfVal', bfloat16: 'halfVal', uint32: 'uint32Val', uint64: 'uint64Val' },
};

/** A constant whose elements are listed; fewer than the shape has repeat the last. */
export function constant(
  name: string,
  dtype: TfType,
  shape: readonly number[],
  values: readonly unknown[],
): TfNode {
  const tensorShape = { dim: shape.map((size) => ({ size })) };
  const tensor = { dtype: TF[dtype], tensorShape, [VALUES[dtype] ?? 'intVal']: values };
  return { name, op: 'Const', attr: { dtype: attr.type(dtype), value: { tensor } } };
}

/** The bytes of a GraphDef, as of TensorFlow 2. */
export function graphDef(...nodes: TfNode[]): Uint8Array {
  return graphDefWith({ node: nodes });
}

/** A GraphDef with more than nodes: a library of functions. */
export function graphDefWith(message: object): Uint8Array {
  const GraphDef = schema.lookupType('tensorflow.GraphDef');
  return GraphDef.encode(GraphDef.fromObject({ versions: { producer: 1395 }, ...message })).finish();
}

/** The bytes of a saved_model.pb around these nodes. */
export function savedModel(...nodes: TfNode[]): Uint8Array {
  const SavedModel = schema.lookupType('tensorflow.SavedModel');
  const graph = { node: nodes, versions: { producer: 1395 } };
  return SavedModel.encode(
    SavedModel.fromObject({ savedModelSchemaVersion: 1, metaGraphs: [{ graphDef: graph }] }),
  ).finish();
}

const ARRAYS = {
  ...{ FLOAT: Float32Array, DOUBLE: Float64Array, INT8: Int8Array, INT16: Int16Array, INT32: Int32Array },
  ...{ UINT8: Uint8Array, UINT16: Uint16Array, BOOL: Uint8Array },
} as const;

export function tensor(dtype: Dtype, shape: readonly number[], values: readonly (number | string)[]): Tensor {
  const { buffer, byteLength } = concatShared([bytesOf(dtype, values)]);
  return { dtype, shape, buffer, byteOffset: 0, byteLength };
}

function bytesOf(dtype: Dtype, values: readonly (number | string)[]): Uint8Array {
  if (dtype === 'STRING') return Buffer.from(values.map((text) => `${text}\0`).join(''));
  const { buffer } =
    dtype === 'INT64'
      ? BigInt64Array.from(values as number[], BigInt)
      : ARRAYS[dtype].from(values as number[]);
  return new Uint8Array(buffer);
}

/** A tensor as a test compares it. */
export interface Seen {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
}

export function seen(value: Tensor): Seen {
  const { dtype, shape } = value;
  const bytes = Uint8Array.from(tensorBytes(value));
  if (dtype === 'STRING') {
    return { dtype, shape, values: Buffer.from(bytes).toString().split('\0').slice(0, -1) };
  }
  const values =
    dtype === 'INT64'
      ? Array.from(new BigInt64Array(bytes.buffer), Number)
      : Array.from(new ARRAYS[dtype](bytes.buffer), Number);
  return { dtype, shape, values };
}

export function open(
  blob: Uint8Array,
  inputs: readonly string[],
  outputs: readonly string[],
): Promise<Session> {
  const options = { intraOpParallelism: 1, interOpParallelism: 1 };
  return tensorflowBackend.load(concatShared([blob]), options, { inputs, outputs });
}

/** Loads the graph, runs it on the feeds and gives the outputs. */
export async function runGraph(
  nodes: readonly TfNode[],
  feeds: Readonly<Record<string, Tensor>>,
  ...outputs: string[]
): Promise<Seen[]> {
  const session = await open(graphDef(...nodes), Object.keys(feeds), outputs);
  try {
    return (await session.run(Object.values(feeds))).map(seen);
  } finally {
    await session.close();
  }
}

const FROM_DTYPE: Record<Dtype, TfType> = {
  ...{ FLOAT: 'float', DOUBLE: 'double', INT8: 'int8', INT16: 'int16', INT32: 'int32', INT64: 'int64' },
  ...{ UINT8: 'uint8', UINT16: 'uint16', BOOL: 'bool', STRING: 'string' },
};

/** An operand of `runOp`: fed, or a constant of the graph. */
export type Operand = Tensor | { readonly constant: Tensor };

export const fixed = (value: Tensor): Operand => ({ constant: value });

/**
 * Runs one op. Its operands are fed through placeholders of unknown shape unless they are constants; `T` is the first one's dtype where
 * the attributes do not say it.
 */
export async function runOp(
  op: string,
  operands: readonly Operand[],
  attributes: Readonly<Record<string, Attr>> = {},
  outputs = 1,
): Promise<Seen[]> {
  const feeds: Record<string, Tensor> = {};
  const nodes = operands.map((operand, i): TfNode => {
    const name = `in${i}`;
    if ('constant' in operand) {
      const { dtype, shape } = operand.constant;
      const values = seen(operand.constant).values.map((v) =>
        dtype === 'BOOL' ? v !== 0 : typeof v === 'string' ? Buffer.from(v) : v,
      );
      return constant(name, FROM_DTYPE[dtype], shape, values);
    }
    feeds[name] = operand;
    return placeholder(
      name,
      FROM_DTYPE[operand.dtype],
      operand.shape.map(() => -1),
    );
  });
  const [first] = operands;
  const dtype = first && FROM_DTYPE['constant' in first ? first.constant.dtype : first.dtype];
  const typed = dtype === undefined ? {} : { T: attr.type(dtype) };
  const node = { name: 'out', op, input: nodes.map(({ name }) => name), attr: { ...typed, ...attributes } };
  return runGraph(
    [...nodes, node],
    feeds,
    ...Array.from({ length: outputs }, (_, i) => (i === 0 ? 'out' : `out:${i}`)),
  );
}
