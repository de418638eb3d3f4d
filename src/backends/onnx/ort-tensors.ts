import * as ort from 'onnxruntime-node';
import type { Dtype } from '../../tensors/dtype.ts';
import { concatShared } from '../../tensors/shared-bytes.ts';
import type { Tensor } from '../../tensors/tensor.ts';
import { stringElements } from '../../tensors/text-codec.ts';

/** ONNX Runtime's type names that RedisAI has a dtype for. */
export const ORT_DTYPES: Partial<Record<string, Dtype>> = {
  float32: 'FLOAT',
  float64: 'DOUBLE',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  bool: 'BOOL',
  string: 'STRING',
};

/** Its type names by ONNX's numbers of them, TensorProto.DataType. */
const ELEMENT_TYPES: Partial<Record<number, string>> = {
  ...{ 1: 'float32', 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 6: 'int32', 7: 'int64', 8: 'string' },
  ...{ 9: 'bool', 10: 'float16', 11: 'float64', 12: 'uint32', 13: 'uint64', 21: 'uint4', 22: 'int4' },
};

/**
 * The dtype of a TensorProto.DataType; undefined where RedisAI has none.
 * @throws Error where JavaScript has no tensors of it (bfloat16, complex64, ..).
 */
export function dtypeOfElement(type: number): Dtype | undefined {
  const name = ELEMENT_TYPES[type];
  if (name === undefined) throw new Error(`Unsupported data type: ${type}`);
  return ORT_DTYPES[name];
}

/** The tensor as ONNX Runtime takes it: a view on its buffer, not a copy, but for strings, which become UTF-8 text. */
export function toOrt(tensor: Tensor): ort.Tensor {
  if (tensor.dtype !== 'STRING') return toOrtBuffer(tensor);
  const decoder = new TextDecoder();
  const texts = stringElements(tensor).map((bytes) => decoder.decode(new Uint8Array(bytes)));
  return new ort.Tensor('string', texts, tensor.shape);
}

/** A numeric tensor as a view on its SharedArrayBuffer. The binding's types only know ArrayBuffer; Node 24 takes both. */
export function toOrtBuffer(tensor: Tensor): ort.Tensor {
  const { byteOffset, byteLength, shape } = tensor;
  const buffer = tensor.buffer as unknown as ArrayBuffer;
  switch (tensor.dtype) {
    case 'FLOAT':
      return new ort.Tensor('float32', new Float32Array(buffer, byteOffset, byteLength / 4), shape);
    case 'DOUBLE':
      return new ort.Tensor('float64', new Float64Array(buffer, byteOffset, byteLength / 8), shape);
    case 'INT8':
      return new ort.Tensor('int8', new Int8Array(buffer, byteOffset, byteLength), shape);
    case 'INT16':
      return new ort.Tensor('int16', new Int16Array(buffer, byteOffset, byteLength / 2), shape);
    case 'INT32':
      return new ort.Tensor('int32', new Int32Array(buffer, byteOffset, byteLength / 4), shape);
    case 'INT64':
      return new ort.Tensor('int64', new BigInt64Array(buffer, byteOffset, byteLength / 8), shape);
    case 'UINT8':
      return new ort.Tensor('uint8', new Uint8Array(buffer, byteOffset, byteLength), shape);
    case 'UINT16':
      return new ort.Tensor('uint16', new Uint16Array(buffer, byteOffset, byteLength / 2), shape);
    case 'BOOL':
      return new ort.Tensor('bool', new Uint8Array(buffer, byteOffset, byteLength), shape);
    case 'STRING':
      throw new Error('a STRING tensor has no typed view');
  }
}

/**
 * A result of ONNX Runtime as a tensor in a SharedArrayBuffer (one copy).
 * @throws Error when its type has no dtype in RedisAI (float16, uint32, ..).
 */
export function fromOrt(value: ort.Tensor): Tensor {
  const dtype = ORT_DTYPES[value.type];
  if (dtype === undefined) throw new Error(`Unsupported output data type: tensor(${value.type})`);
  const bytes =
    dtype === 'STRING'
      ? Buffer.from((value.data as string[]).map((text) => `${text}\0`).join(''))
      : viewBytes(value.data as Float32Array);
  const { buffer, byteLength } = concatShared([bytes]);
  return { dtype, shape: [...value.dims], buffer, byteOffset: 0, byteLength };
}

function viewBytes(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
