/** RedisAI's element types, by their names on the wire, and the bytes of one element (0: variable length). */
export const ELEMENT_BYTES = {
  FLOAT: 4,
  DOUBLE: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  UINT8: 1,
  UINT16: 2,
  BOOL: 1,
  STRING: 0,
} as const;

export type Dtype = keyof typeof ELEMENT_BYTES;

/** The typed array that shows the elements of each dtype but STRING, little-endian as all machines are that this runs on. */
export const TYPED_ARRAYS = {
  FLOAT: Float32Array,
  DOUBLE: Float64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  BOOL: Uint8Array,
} as const satisfies { [D in Exclude<Dtype, 'STRING'>]: unknown };

const NAMES = new Map<string, Dtype>((Object.keys(ELEMENT_BYTES) as Dtype[]).map((name) => [name, name]));

/** The dtype of that name in any case, or undefined. */
export function parseDtype(name: string): Dtype | undefined {
  return NAMES.get(name) ?? NAMES.get(name.toUpperCase());
}
