import { DATA_TYPES, type DataType } from './data-types.ts';

/** A tensor that is known when the model is loaded. Never changed. */
export interface HostTensor {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** Little-endian, row-major; often a view into the model's file, at any offset. Empty for strings. */
  readonly bytes: Uint8Array;
  /** The elements of a string tensor. */
  readonly strings?: readonly Uint8Array[];
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** A tensor with these elements; numbers are rounded or wrapped as the dtype asks. */
export function hostTensor(
  dtype: DataType,
  shape: readonly number[],
  elements: ArrayLike<number>,
): HostTensor {
  const width = DATA_TYPES[dtype].bytes;
  const bytes = new Uint8Array(elements.length * width);
  const view = new DataView(bytes.buffer);
  const put = WRITERS[dtype];
  for (let i = 0; i < elements.length; i++) put(view, i * width, elements[i] as number);
  return { dtype, shape, bytes };
}

/** The elements as numbers, in row-major order; undefined for strings and where a number cannot say one of them exactly. */
export function elementsOf(tensor: HostTensor): number[] | undefined {
  if (tensor.dtype === 'string') return undefined;
  const { bytes } = tensor;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = DATA_TYPES[tensor.dtype].bytes;
  const get = READERS[tensor.dtype];
  const count = sizeOf(tensor.shape);
  const out = new Array<number>(count);
  const wide = tensor.dtype === 'int64' || tensor.dtype === 'uint64';
  for (let i = 0; i < count; i++) {
    const value = get(view, i * width);
    if (wide && !Number.isSafeInteger(value)) return undefined;
    out[i] = value;
  }
  return out;
}

type Reader = (view: DataView, at: number) => number;
type Writer = (view: DataView, at: number, value: number) => void;

/** Typed arrays would have to be aligned, which a file's bytes are not. */
const READERS: Record<Exclude<DataType, 'string'>, Reader> = {
  float: (view, at) => view.getFloat32(at, true),
  double: (view, at) => view.getFloat64(at, true),
  float16: (view, at) => view.getFloat16(at, true),
  int8: (view, at) => view.getInt8(at),
  uint8: (view, at) => view.getUint8(at),
  bool: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
  int16: (view, at) => view.getInt16(at, true),
  uint16: (view, at) => view.getUint16(at, true),
  int32: (view, at) => view.getInt32(at, true),
  uint32: (view, at) => view.getUint32(at, true),
  int64: (view, at) => Number(view.getBigInt64(at, true)),
  uint64: (view, at) => Number(view.getBigUint64(at, true)),
};

/** Towards zero; what is no integer at all is what processors make of it. */
function wholeOf(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

const WRITERS: Record<DataType, Writer> = {
  float: (view, at, value) => view.setFloat32(at, value, true),
  double: (view, at, value) => view.setFloat64(at, value, true),
  float16: (view, at, value) => view.setFloat16(at, value, true),
  int8: (view, at, value) => view.setInt8(at, value),
  uint8: (view, at, value) => view.setUint8(at, value),
  bool: (view, at, value) => view.setUint8(at, value === 0 ? 0 : 1),
  int16: (view, at, value) => view.setInt16(at, value, true),
  uint16: (view, at, value) => view.setUint16(at, value, true),
  int32: (view, at, value) => view.setInt32(at, value, true),
  uint32: (view, at, value) => view.setUint32(at, value, true),
  int64: (view, at, value) => view.setBigInt64(at, wholeOf(value), true),
  uint64: (view, at, value) => view.setBigUint64(at, wholeOf(value), true),
  string: () => {
    throw new Error('a string is no number');
  },
};
