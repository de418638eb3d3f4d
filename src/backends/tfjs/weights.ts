import { DATA_TYPES } from '../onnx-graph/data-types.ts';
import { elementsOf, type HostTensor } from '../onnx-graph/host-tensor.ts';
import { type TfjsType, tfjsType } from './dtypes.ts';

export interface WeightSpec {
  readonly name: string;
  readonly shape: number[];
  readonly dtype: TfjsType;
}

const LEAST_INT32 = -(2 ** 31);
const MOST_INT32 = 2 ** 31 - 1;

/** The constant as a weight of a graph model: how its bytes are to be read, and the bytes, copied. */
export function weightOf(name: string, tensor: HostTensor): { spec: WeightSpec; data: ArrayBuffer } {
  const dtype = tfjsType(tensor.dtype);
  return { spec: { name, shape: [...tensor.shape], dtype }, data: dataOf(tensor, dtype) };
}

function dataOf(tensor: HostTensor, dtype: TfjsType): ArrayBuffer {
  if (tensor.strings !== undefined) return lengthPrefixed(tensor.strings);
  if (tensor.dtype === 'float' || tensor.dtype === 'int32' || tensor.dtype === 'bool') {
    return Uint8Array.from(tensor.bytes).buffer;
  }
  if (tensor.dtype === 'int64' || tensor.dtype === 'uint64') return narrowed(tensor).buffer;
  const elements = elementsOf(tensor) ?? [];
  return dtype === 'float32' ? Float32Array.from(elements).buffer : Int32Array.from(elements, clamp).buffer;
}

/** Ends of slices are often the largest int64, so that what is out of range becomes the nearest that is not. */
function narrowed({ bytes, dtype }: HostTensor): Int32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const get = (at: number) => (dtype === 'int64' ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
  const { bytes: width } = DATA_TYPES[dtype];
  return Int32Array.from({ length: bytes.length / width }, (_, i) => clamp(Number(get(i * width))));
}

function clamp(value: number): number {
  return Math.min(Math.max(value, LEAST_INT32), MOST_INT32);
}

/** Each string after its length in four bytes. */
function lengthPrefixed(strings: readonly Uint8Array[]): ArrayBuffer {
  const out = new Uint8Array(strings.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const bytes of strings) {
    view.setUint32(at, bytes.length, true);
    out.set(bytes, at + 4);
    at += 4 + bytes.length;
  }
  return out.buffer;
}
