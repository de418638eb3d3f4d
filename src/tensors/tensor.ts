import { type Dtype, ELEMENT_BYTES } from './dtype.ts';
import { allocateShared } from './shared-memory.ts';

/**
 * An immutable tensor. Its bytes lie in a SharedArrayBuffer, little-endian and row-major, and never change once the tensor is published
 * (put under a key, or handed to a worker): that is what makes it safe to share between threads, requests and batches without locks.
 * Several tensors may share one buffer, as the rows of one batch do. A STRING tensor holds its elements NUL-terminated, one after the other.
 */
export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** The number of elements of a shape; the empty shape is a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const d of shape) count *= d;
  return count;
}

/** A tensor of zeros (of empty strings for STRING). */
export function zeroTensor(dtype: Dtype, shape: readonly number[]): Tensor {
  const bytes = elementCount(shape) * (dtype === 'STRING' ? 1 : ELEMENT_BYTES[dtype]);
  return { dtype, shape, buffer: allocateShared(bytes), byteOffset: 0, byteLength: bytes };
}

/** The tensor's bytes, not copied. */
export function tensorBytes(tensor: Tensor): Uint8Array {
  return new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength);
}
