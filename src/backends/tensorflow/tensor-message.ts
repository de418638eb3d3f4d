import { DATA_TYPES, type DataType } from '../onnx-graph/data-types.ts';
import { type HostTensor, hostTensor, sizeOf } from '../onnx-graph/host-tensor.ts';
import { BFLOAT16, fromTensorFlow, typeName } from './data-types.ts';
import type { Int64, TensorMessage } from './messages.ts';

const MAX_BYTES = 2 ** 31 - 1;

/**
 * A TensorProto: its content as a view where it has one, else what its lists of values say, the last of which repeats.
 * @throws Error saying what is wrong with it.
 */
export function readTensor(message: TensorMessage): HostTensor {
  const dtype = fromTensorFlow(message.dtype);
  if (dtype === undefined) throw new Error(`a tensor of dtype ${typeName(message.dtype)}`);
  const shape = (message.tensorShape?.dim ?? []).map((d) => d.size.toNumber());
  const count = sizeOf(shape);
  const width = message.dtype === BFLOAT16 ? 2 : DATA_TYPES[dtype].bytes;
  if (shape.some((size) => size < 0) || count * Math.max(width, 1) > MAX_BYTES) {
    throw new Error(`a tensor of shape [${shape.join()}]`);
  }
  if (dtype === 'string') return { dtype, shape, bytes: new Uint8Array(0), strings: strings(message, count) };
  const bytes = message.tensorContent.length > 0 ? message.tensorContent : undefined;
  if (bytes !== undefined && bytes.length !== count * width) {
    throw new Error(`a tensor of shape [${shape.join()}] with ${bytes.length} bytes`);
  }
  if (message.dtype === BFLOAT16) return fromBfloat16(shape, bytes ?? bits(message.halfVal, count));
  return { dtype, shape, bytes: bytes ?? listed(dtype, count, message) };
}

function strings({ stringVal }: TensorMessage, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => stringVal[i] ?? stringVal.at(-1) ?? new Uint8Array(0));
}

function listed(dtype: DataType, count: number, message: TensorMessage): Uint8Array {
  switch (dtype) {
    case 'float16':
      return bits(message.halfVal, count);
    case 'int64':
      return longs(message.int64Val, count);
    case 'uint64':
      return longs(message.uint64Val, count);
    case 'float':
      return numbers(dtype, message.floatVal, count);
    case 'double':
      return numbers(dtype, message.doubleVal, count);
    case 'uint32':
      return numbers(dtype, message.uint32Val, count);
    case 'bool':
      return numbers(dtype, message.boolVal.map(Number), count);
    default:
      return numbers(dtype, message.intVal, count);
  }
}

function numbers(dtype: DataType, values: readonly number[], count: number): Uint8Array {
  const last = values.at(-1) ?? 0;
  const width = DATA_TYPES[dtype].bytes;
  const given = hostTensor(dtype, [], values.slice(0, count)).bytes;
  const out = new Uint8Array(count * width);
  out.set(given);
  if (last !== 0 || Object.is(last, -0)) repeat(out, given.length, width);
  return out;
}

/** Fills the rest with the element that ends at `from`. */
function repeat(out: Uint8Array, from: number, width: number): void {
  if (from === 0) return;
  const element = out.slice(from - width, from);
  for (let at = from; at < out.length; at += width) out.set(element, at);
}

function bits(values: readonly number[], count: number): Uint8Array {
  return numbers('uint16', values, count);
}

function longs(values: readonly Int64[], count: number): Uint8Array {
  const out = new Uint8Array(count * 8);
  const view = new DataView(out.buffer);
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? values.at(-1);
    if (value === undefined) break;
    view.setInt32(i * 8, value.low, true);
    view.setInt32(i * 8 + 4, value.high, true);
  }
  return out;
}

/** A bfloat16 is the upper half of a float. */
function fromBfloat16(shape: readonly number[], halves: Uint8Array): HostTensor {
  const bytes = new Uint8Array(halves.length * 2);
  for (let i = 0; i < halves.length; i += 2) {
    bytes[i * 2 + 2] = halves[i] as number;
    bytes[i * 2 + 3] = halves[i + 1] as number;
  }
  return { dtype: 'float', shape, bytes };
}
