import type { Dtype } from '../../tensors/dtype.ts';

/** TfLiteType of c_api_types.h by number: its name, and the dtype for it where there is one. */
const TYPES: readonly (readonly [name: string, dtype?: Dtype])[] = [
  ['NOTYPE'],
  ['FLOAT32', 'FLOAT'],
  ['INT32', 'INT32'],
  ['UINT8', 'UINT8'],
  ['INT64', 'INT64'],
  ['STRING', 'STRING'],
  ['BOOL', 'BOOL'],
  ['INT16', 'INT16'],
  ['COMPLEX64'],
  ['INT8', 'INT8'],
  ['FLOAT16'],
  ['FLOAT64', 'DOUBLE'],
  ['COMPLEX128'],
  ['UINT64'],
  ['RESOURCE'],
  ['VARIANT'],
  ['UINT32'],
  ['UINT16', 'UINT16'],
];

/** What TFLite calls a type, and the dtype that has the same elements. */
export function typeOf(code: number): { readonly typeName: string; readonly dtype: Dtype | undefined } {
  const [typeName, dtype] = TYPES[code] ?? [`type ${code}`];
  return { typeName, dtype };
}
