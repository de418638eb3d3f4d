import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { DATA_TYPES } from './data-types.ts';
import type { HostTensor } from './host-tensor.ts';
import type { Value } from './value.ts';

/** What ONNX Runtime 1.30 runs all of: Split with num_outputs, reductions with their axes as input (18), bfloat16 (19 and later). */
const OPSET = 21;
const IR_VERSION = 10;
/** Where protobuf, and so ONNX Runtime, refuses a message. */
const MAX_BYTES = 2 ** 31 - 1;

export interface OnnxNode {
  readonly opType: string;
  readonly name: string;
  readonly domain: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Values between whose shapes say more than ONNX Runtime would infer. */
  readonly described?: readonly Value[];
}

/** A number is an int; floats have to be named as such. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: HostTensor }
  | { readonly graph: OnnxGraph };

const schema = protobuf.parse(readFileSync(new URL('./onnx.proto', import.meta.url), 'utf8')).root;
const ModelProto = schema.lookupType('onnx.ModelProto');
const GraphProto = schema.lookupType('onnx.GraphProto');
const TensorProto = schema.lookupType('onnx.TensorProto');
/** AttributeProto.AttributeType. */
const KIND = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

/**
 * The bytes of an ONNX file. Weights are copied once, to where they belong: protobufjs would move each one again for every message around
 * it (100 MiB of weights then take three times as long).
 * @throws RangeError when the file would be larger than protobuf takes.
 */
export function modelBytes(
  graph: OnnxGraph,
  initializers: ReadonlyMap<string, HostTensor>,
): Uint8Array<ArrayBuffer> {
  const body = [encode(GraphProto, graphProto(graph))];
  for (const [name, tensor] of initializers) {
    const parts = tensorParts(name, tensor);
    body.push(header(GraphProto, 'initializer', lengthOf(parts)), ...parts);
  }
  const opsetImport = [
    { domain: '', version: OPSET },
    { domain: 'com.microsoft', version: 1 },
  ];
  const head = encode(ModelProto, { irVersion: IR_VERSION, producerName: 'tessera', opsetImport });
  return join([head, header(ModelProto, 'graph', lengthOf(body)), ...body]);
}

function encode(type: protobuf.Type, message: object): Uint8Array {
  return type.encode(message).finish();
}

/** The tag and the length that come before a message or bytes. */
function header(type: protobuf.Type, field: string, length: number): Uint8Array {
  const id = type.fields[field]?.id ?? 0;
  return new protobuf.Writer()
    .uint32((id << 3) | 2)
    .uint32(length)
    .finish();
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = lengthOf(parts);
  if (length > MAX_BYTES)
    throw new RangeError(`a model of ${length} bytes is more than ONNX Runtime takes, 2 GiB`);
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function tensorParts(name: string, tensor: HostTensor): Uint8Array[] {
  const head = encode(TensorProto, { ...tensorHead(tensor), name });
  if (tensor.dtype === 'string') return [head];
  return [head, header(TensorProto, 'rawData', tensor.bytes.length), tensor.bytes];
}

function tensorHead({ dtype, shape, strings }: HostTensor): object {
  const head = { dims: shape, dataType: DATA_TYPES[dtype].code };
  return strings === undefined ? head : { ...head, stringData: strings };
}

function graphProto({ nodes, inputs, outputs, described = [] }: OnnxGraph): object {
  return {
    name: 'graph',
    node: nodes.map(({ attributes, ...node }) => ({
      ...node,
      attribute: Object.entries(attributes).map(attributeProto),
    })),
    input: inputs.map(valueProto),
    output: outputs.map(valueProto),
    valueInfo: described.map(valueProto),
  };
}

function attributeProto([name, value]: [string, Attribute]): object {
  if (typeof value === 'number') return { name, type: KIND.int, i: value };
  if (typeof value === 'string') return { name, type: KIND.string, s: Buffer.from(value) };
  if ('float' in value) return { name, type: KIND.float, f: value.float };
  if ('floats' in value) return { name, type: KIND.floats, floats: value.floats };
  if ('strings' in value) {
    return { name, type: KIND.strings, strings: value.strings.map((text) => Buffer.from(text)) };
  }
  if ('tensor' in value) {
    const { tensor } = value;
    return { name, type: KIND.tensor, t: { ...tensorHead(tensor), rawData: tensor.bytes } };
  }
  if ('graph' in value) return { name, type: KIND.graph, g: graphProto(value.graph) };
  return { name, type: KIND.ints, ints: value };
}

function valueProto({ name, dtype, shape, isSequence }: Value): object {
  const tensorType = {
    elemType: DATA_TYPES[dtype].code,
    ...(shape && { shape: { dim: shape.map(dimension) } }),
  };
  return { name, type: isSequence ? { sequenceType: { elemType: { tensorType } } } : { tensorType } };
}

function dimension(dim: string | number | null): object {
  if (dim === null) return {};
  return typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim };
}
