import type { DataType } from '../onnx-graph/data-types.ts';
import { fromTensorFlow } from '../tensorflow/data-types.ts';

/** All that TensorFlow.js computes in but for complex numbers. */
export type TfjsType = 'float32' | 'int32' | 'bool' | 'string';

/** TensorFlow's numbers of these. */
const CODES: Record<TfjsType, number> = { float32: 1, int32: 3, string: 7, bool: 10 };

/** What TensorFlow.js computes a dtype in. */
export function tfjsType(dtype: DataType): TfjsType {
  switch (dtype) {
    case 'float':
    case 'double':
    case 'float16':
      return 'float32';
    case 'bool':
    case 'string':
      return dtype;
    default:
      return 'int32';
  }
}

/** TensorFlow's number of what TensorFlow.js computes a dtype in; it knows not even the names of some. */
export function tfjsTypeCode(code: number): number {
  const dtype = fromTensorFlow(code);
  return dtype === undefined ? code : CODES[tfjsType(dtype)];
}
