import { errors } from '../../errors.ts';
import type { Dtype } from '../../tensors/dtype.ts';
import { concatShared } from '../../tensors/shared-bytes.ts';
import type { Tensor } from '../../tensors/tensor.ts';
import { stringElements } from '../../tensors/text-codec.ts';
import type { TfjsType } from './dtypes.ts';

/** The elements as TensorFlow.js takes them, copied. @throws ServerError for an INT64 that int32 cannot hold. */
export function elementsFor(
  name: string,
  tensor: Tensor,
): Float32Array | Int32Array | Uint8Array | Uint8Array[] {
  const { dtype, buffer, byteOffset, byteLength } = tensor;
  switch (dtype) {
    case 'FLOAT':
      return new Float32Array(new Float32Array(buffer, byteOffset, byteLength / 4));
    case 'DOUBLE':
      return new Float32Array(new Float64Array(buffer, byteOffset, byteLength / 8));
    case 'BOOL':
      return new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
    case 'STRING':
      return stringElements(tensor).map((bytes) => Uint8Array.from(bytes));
    case 'INT64':
      return Int32Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), (value) => {
        if (BigInt.asIntN(32, value) !== value) throw errors.tfjsInt64(name, value);
        return Number(value);
      });
    default: {
      const { from, bytes } = INTEGERS[dtype];
      // The compiler finds no common signature of these constructors for anything but an ArrayBuffer.
      const elements = new from(buffer as unknown as ArrayBuffer, byteOffset, byteLength / bytes);
      return Int32Array.from(elements);
    }
  }
}

const INTEGERS = {
  INT8: { from: Int8Array, bytes: 1 },
  INT16: { from: Int16Array, bytes: 2 },
  INT32: { from: Int32Array, bytes: 4 },
  UINT8: { from: Uint8Array, bytes: 1 },
  UINT16: { from: Uint16Array, bytes: 2 },
} as const;

/** What a client gets of each where the graph declares nothing closer. */
export const NATURAL: Record<TfjsType, Dtype> = {
  float32: 'FLOAT',
  int32: 'INT32',
  bool: 'BOOL',
  string: 'STRING',
};

/** A result of TensorFlow.js in a SharedArrayBuffer, widened or narrowed to the dtype. */
export function tensorOf(
  dtype: Dtype,
  shape: readonly number[],
  elements: Float32Array | Int32Array | Uint8Array | Uint8Array[],
): Tensor {
  const { buffer, byteLength } = concatShared([bytesOf(dtype, elements)]);
  return { dtype, shape: [...shape], buffer, byteOffset: 0, byteLength };
}

function bytesOf(dtype: Dtype, elements: Float32Array | Int32Array | Uint8Array | Uint8Array[]): Uint8Array {
  if (Array.isArray(elements)) return Buffer.concat(elements.flatMap((bytes) => [bytes, Uint8Array.of(0)]));
  switch (dtype) {
    case 'DOUBLE':
      return viewOf(Float64Array.from(elements));
    case 'INT64':
      return viewOf(BigInt64Array.from(elements as Int32Array as Iterable<number>, BigInt));
    case 'FLOAT':
    case 'INT32':
    case 'BOOL':
    case 'STRING':
      return viewOf(elements);
    default:
      return viewOf(INTEGERS[dtype].from.from(elements));
  }
}

function viewOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
