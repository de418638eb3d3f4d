import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** An int64 as protobufjs gives it: a Long. */
export interface Int64 {
  readonly low: number;
  readonly high: number;
  toNumber(): number;
}

export interface ShapeMessage {
  readonly dim: readonly { readonly size: Int64 }[];
  readonly unknownRank: boolean;
}

export interface TensorMessage {
  readonly dtype: number;
  readonly tensorShape?: ShapeMessage | null;
  readonly tensorContent: Uint8Array;
  readonly floatVal: readonly number[];
  readonly doubleVal: readonly number[];
  readonly intVal: readonly number[];
  readonly stringVal: readonly Uint8Array[];
  readonly int64Val: readonly Int64[];
  readonly boolVal: readonly boolean[];
  readonly halfVal: readonly number[];
  readonly uint32Val: readonly number[];
  readonly uint64Val: readonly Int64[];
}

export interface ListMessage {
  readonly s: readonly Uint8Array[];
  readonly i: readonly Int64[];
  readonly f: readonly number[];
  readonly b: readonly boolean[];
  readonly type: readonly number[];
  readonly shape: readonly ShapeMessage[];
  readonly func: readonly { readonly name: string }[];
}

/** An attribute; `value` names the field that is set. */
export interface AttributeMessage {
  readonly value?: 'list' | 's' | 'i' | 'f' | 'b' | 'type' | 'shape' | 'tensor' | 'func';
  readonly list: ListMessage;
  readonly s: Uint8Array;
  readonly i: Int64;
  readonly f: number;
  readonly b: boolean;
  readonly type: number;
  readonly shape: ShapeMessage;
  readonly tensor: TensorMessage;
  readonly func: { readonly name: string };
}

export interface NodeMessage {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttributeMessage>>;
}

interface ArgumentMessage {
  readonly name: string;
  readonly type: number;
}

export interface FunctionMessage {
  readonly signature?: {
    readonly name: string;
    readonly inputArg: readonly ArgumentMessage[];
    readonly outputArg: readonly ArgumentMessage[];
  } | null;
  readonly nodeDef: readonly NodeMessage[];
  readonly ret: Readonly<Record<string, string>>;
}

export interface GraphMessage {
  readonly node: readonly NodeMessage[];
  readonly versions?: { readonly producer: number } | null;
  readonly library?: { readonly function: readonly FunctionMessage[] } | null;
}

const schema = protobuf.parse(readFileSync(new URL('./graph.proto', import.meta.url), 'utf8')).root;
const GraphDef = schema.lookupType('tensorflow.GraphDef');
const SavedModel = schema.lookupType('tensorflow.SavedModel');
/** Field 1 as a varint: a SavedModel's version. A GraphDef has its nodes there. */
const SAVED_MODEL_TAG = 0x08;

/**
 * The graph of a GraphDef file, or of a saved_model.pb. All bytes in it are views of the file's.
 * @throws Error when the bytes are neither.
 */
export function decodeGraph(file: Uint8Array): GraphMessage {
  // As a Buffer protobufjs has the runtime decode texts, which otherwise dominates for graphs of thousands of nodes.
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes[0] !== SAVED_MODEL_TAG) return GraphDef.decode(bytes) as unknown as GraphMessage;
  const saved = SavedModel.decode(bytes) as unknown as { metaGraphs: { graphDef?: GraphMessage | null }[] };
  const graph = saved.metaGraphs[0]?.graphDef;
  if (!graph) throw new Error('a SavedModel without a graph');
  return graph;
}
