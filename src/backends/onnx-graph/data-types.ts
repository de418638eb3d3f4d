/** ONNX's element types: their numbers in TensorProto.DataType, and the bytes of one element (0: variable length). */
export const DATA_TYPES = {
  float: { code: 1, bytes: 4 },
  uint8: { code: 2, bytes: 1 },
  int8: { code: 3, bytes: 1 },
  uint16: { code: 4, bytes: 2 },
  int16: { code: 5, bytes: 2 },
  int32: { code: 6, bytes: 4 },
  int64: { code: 7, bytes: 8 },
  string: { code: 8, bytes: 0 },
  bool: { code: 9, bytes: 1 },
  float16: { code: 10, bytes: 2 },
  double: { code: 11, bytes: 8 },
  uint32: { code: 12, bytes: 4 },
  uint64: { code: 13, bytes: 8 },
} as const;

export type DataType = keyof typeof DATA_TYPES;

export const FLOATS: readonly DataType[] = ['float', 'double', 'float16'];
export const INTEGERS: readonly DataType[] = [
  ...(['int8', 'int16', 'int32', 'int64'] as const),
  ...(['uint8', 'uint16', 'uint32', 'uint64'] as const),
];
export const NUMBERS: readonly DataType[] = [...FLOATS, ...INTEGERS];
export const ANY: readonly DataType[] = [...NUMBERS, 'bool', 'string'];

export function isFloat(dtype: DataType): boolean {
  return FLOATS.includes(dtype);
}

export function isInteger(dtype: DataType): boolean {
  return INTEGERS.includes(dtype);
}

export function isUnsigned(dtype: DataType): boolean {
  return dtype.startsWith('u');
}
