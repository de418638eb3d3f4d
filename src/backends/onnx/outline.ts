import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

interface Int64 {
  toNumber(): number;
}

export interface TensorOutline {
  readonly name: string;
  readonly dims: readonly Int64[];
  readonly dataType: number;
  readonly int64Data: readonly Int64[];
  readonly rawData: Uint8Array;
}

export interface AttributeOutline {
  readonly name: string;
  readonly i: Int64;
  readonly s: Uint8Array;
  readonly ints: readonly Int64[];
  readonly t: readonly TensorOutline[];
  readonly g: readonly GraphOutline[];
  readonly graphs: readonly GraphOutline[];
}

export interface NodeOutline {
  readonly opType: string;
  readonly domain: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly AttributeOutline[];
}

interface InputOutline {
  readonly name: string;
  readonly type: readonly {
    readonly tensorType: readonly {
      readonly shape: readonly { readonly dim: readonly { readonly dimValue: Int64 }[] }[];
    }[];
  }[];
}

export interface GraphOutline {
  readonly node: readonly NodeOutline[];
  readonly initializer: readonly TensorOutline[];
  readonly input: readonly InputOutline[];
}

export interface ModelOutline {
  readonly graph: readonly GraphOutline[];
  readonly functions: readonly { readonly node: readonly NodeOutline[] }[];
}

const ModelProto = protobuf
  .parse(readFileSync(new URL('./outline.proto', import.meta.url), 'utf8'))
  .root.lookupType('onnx.ModelProto');

/** The operators of an ONNX model, without its weights. @throws Error when the bytes are no protobuf. */
export function readOutline(file: Uint8Array): ModelOutline {
  // As a Buffer protobufjs takes views of the bytes in it.
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  return ModelProto.decode(bytes) as unknown as ModelOutline;
}
