import type { Dtype } from '../../tensors/dtype.ts';

/** The protocol's names of element types, for the dtypes that there are here. */
export const DATATYPES = {
  FLOAT: 'FP32',
  DOUBLE: 'FP64',
  INT8: 'INT8',
  INT16: 'INT16',
  INT32: 'INT32',
  INT64: 'INT64',
  UINT8: 'UINT8',
  UINT16: 'UINT16',
  BOOL: 'BOOL',
  STRING: 'BYTES',
} as const satisfies Record<Dtype, string>;

const DTYPES = new Map<string, Dtype>(
  (Object.keys(DATATYPES) as Dtype[]).map((dtype) => [DATATYPES[dtype], dtype]),
);

/** The dtype of that datatype; undefined for those that the protocol knows and this server does not, such as FP16 and UINT32. */
export function dtypeOf(datatype: string): Dtype | undefined {
  return DTYPES.get(datatype);
}
