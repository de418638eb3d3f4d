import { errors } from '../../../errors.ts';
import type { Dtype } from '../../../tensors/dtype.ts';
import { concatShared } from '../../../tensors/shared-bytes.ts';
import { type Tensor, tensorBytes } from '../../../tensors/tensor.ts';
import type { DataType } from '../../onnx-graph/data-types.ts';
import { elementsOf, type HostTensor } from '../../onnx-graph/host-tensor.ts';
import { ScriptError } from '../interpreter/values.ts';

const PAIRS: readonly (readonly [Dtype, DataType])[] = [
  ['FLOAT', 'float'],
  ['DOUBLE', 'double'],
  ['INT8', 'int8'],
  ['INT16', 'int16'],
  ['INT32', 'int32'],
  ['INT64', 'int64'],
  ['UINT8', 'uint8'],
  ['BOOL', 'bool'],
];
const TO_DATA_TYPE = new Map(PAIRS);
const TO_DTYPE = new Map(PAIRS.map(([dtype, dataType]) => [dataType, dtype]));

/** @throws ServerError where torch has no tensors of the dtype. */
export function dataTypeOf(dtype: Dtype): DataType {
  const known = TO_DATA_TYPE.get(dtype);
  if (known === undefined) throw errors.torchInputType(dtype);
  return known;
}

/** Whether a client can have tensors of that dtype. */
export function isOnTheWire(dtype: DataType): boolean {
  return TO_DTYPE.has(dtype);
}

/** A copy. @throws ScriptError where no client can have it. */
export function toWire({ dtype, shape, bytes }: HostTensor): Tensor {
  const own = TO_DTYPE.get(dtype);
  if (own === undefined) throw new ScriptError(`there are no tensors of ${dtype}`);
  const { buffer, byteLength } = concatShared([bytes]);
  return { dtype: own, shape, buffer, byteOffset: 0, byteLength };
}

/** All elements, row-major. @throws ScriptError where one is an integer beyond 2^53, which is no number here. */
export function elementsOfTensor(tensor: Tensor): number[] {
  const { dtype, shape } = tensor;
  const elements = elementsOf({ dtype: dataTypeOf(dtype), shape, bytes: tensorBytes(tensor) });
  if (elements === undefined) throw new ScriptError('an integer beyond 2^53 cannot be used as a number');
  return elements;
}
