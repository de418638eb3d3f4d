import type { DataType } from '../onnx-graph/data-types.ts';

interface TensorFlowType {
  readonly name: string;
  /** What it is computed in; missing where there is nothing. */
  readonly dtype?: DataType;
}

/** tensorflow/core/framework/types.proto. bfloat16 is widened to float; the quantized types are their integers. */
const TYPES: Readonly<Record<number, TensorFlowType>> = {
  1: { name: 'float', dtype: 'float' },
  2: { name: 'double', dtype: 'double' },
  3: { name: 'int32', dtype: 'int32' },
  4: { name: 'uint8', dtype: 'uint8' },
  5: { name: 'int16', dtype: 'int16' },
  6: { name: 'int8', dtype: 'int8' },
  7: { name: 'string', dtype: 'string' },
  8: { name: 'complex64' },
  9: { name: 'int64', dtype: 'int64' },
  10: { name: 'bool', dtype: 'bool' },
  11: { name: 'qint8', dtype: 'int8' },
  12: { name: 'quint8', dtype: 'uint8' },
  13: { name: 'qint32', dtype: 'int32' },
  14: { name: 'bfloat16', dtype: 'float' },
  15: { name: 'qint16', dtype: 'int16' },
  16: { name: 'quint16', dtype: 'uint16' },
  17: { name: 'uint16', dtype: 'uint16' },
  18: { name: 'complex128' },
  19: { name: 'half', dtype: 'float16' },
  20: { name: 'resource' },
  21: { name: 'variant' },
  22: { name: 'uint32', dtype: 'uint32' },
  23: { name: 'uint64', dtype: 'uint64' },
};

export const BFLOAT16 = 14;
/** Types of references to variables are those of the variables plus this. */
const REFERENCE = 100;

function typeOf(code: number): TensorFlowType | undefined {
  return TYPES[code > REFERENCE ? code - REFERENCE : code];
}

/** What a TensorFlow dtype is computed in, or undefined. */
export function fromTensorFlow(code: number): DataType | undefined {
  return typeOf(code)?.dtype;
}

/** TensorFlow's name of a dtype. */
export function typeName(code: number): string {
  return typeOf(code)?.name ?? `unknown dtype ${code}`;
}

/** The dtype by TensorFlow's name for it. */
export function tensorFlowName(dtype: DataType): string {
  return dtype === 'float16' ? 'half' : dtype;
}
