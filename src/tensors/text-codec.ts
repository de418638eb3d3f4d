import { errors } from '../errors.ts';
import { isIntegerText } from '../protocol/integer-text.ts';
import { Double, type Reply } from '../protocol/reply.ts';
import { type Dtype, ELEMENT_BYTES } from './dtype.ts';
import { ownBytes } from './shared-bytes.ts';
import { allocateShared } from './shared-memory.ts';
import { elementCount, type Tensor, tensorBytes } from './tensor.ts';

const RANGES: Partial<Record<Dtype, readonly [bigint, bigint]>> = {
  INT8: [-128n, 127n],
  INT16: [-32768n, 32767n],
  INT32: [-2147483648n, 2147483647n],
  INT64: [-9223372036854775808n, 9223372036854775807n],
  UINT8: [0n, 255n],
  UINT16: [0n, 65535n],
  BOOL: [0n, 1n],
};

const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INFINITY = /^([+-]?)inf(inity)?$/i;
const LARGEST_FLOAT = 3.4028234663852886e38;

/**
 * A tensor from one text per element.
 * @throws ServerError when the count differs from the shape, or a value does not fit the dtype: integers exactly and in range, floats as C
 * reads them but for `nan` (Redis refuses it) and what overflows the dtype; a string may be neither empty nor hold a NUL (as RedisAI has it).
 */
export function tensorFromValues(dtype: Dtype, shape: readonly number[], values: readonly Buffer[]): Tensor {
  if (values.length !== elementCount(shape)) throw errors.valueCount();
  if (dtype === 'STRING') return stringTensor(shape, values);
  const bytes = values.length * ELEMENT_BYTES[dtype];
  const buffer = allocateShared(bytes);
  const view = new DataView(buffer);
  const step = ELEMENT_BYTES[dtype];
  for (let i = 0, at = 0; i < values.length; i++, at += step) {
    const text = (values[i] as Buffer).toString('latin1');
    if (dtype === 'FLOAT' || dtype === 'DOUBLE') {
      const value = parseFloatText(text);
      if (dtype === 'DOUBLE') view.setFloat64(at, value, true);
      else if (Number.isFinite(value) && Math.abs(value) > LARGEST_FLOAT) throw errors.invalidValue();
      else view.setFloat32(at, value, true);
    } else setInteger(view, at, dtype, text);
  }
  return { dtype, shape, buffer, byteOffset: 0, byteLength: bytes };
}

function parseFloatText(text: string): number {
  const infinity = INFINITY.exec(text);
  if (infinity) return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (!FLOAT.test(text)) throw errors.invalidValue();
  const value = Number(text);
  // What is too large for a double, or too small and not zero, is out of range to C.
  if (!Number.isFinite(value) || (value === 0 && /^[^e]*[1-9]/i.test(text))) throw errors.invalidValue();
  return value;
}

function setInteger(view: DataView, at: number, dtype: Dtype, text: string): void {
  if (!isIntegerText(text)) throw errors.invalidValue();
  const value = BigInt(text);
  const [low, high] = RANGES[dtype] as readonly [bigint, bigint];
  if (value < low || value > high) throw errors.invalidValue();
  switch (dtype) {
    case 'INT8':
      view.setInt8(at, Number(value));
      break;
    case 'INT16':
      view.setInt16(at, Number(value), true);
      break;
    case 'INT32':
      view.setInt32(at, Number(value), true);
      break;
    case 'INT64':
      view.setBigInt64(at, value, true);
      break;
    case 'UINT16':
      view.setUint16(at, Number(value), true);
      break;
    default:
      view.setUint8(at, Number(value));
  }
}

function stringTensor(shape: readonly number[], values: readonly Buffer[]): Tensor {
  let bytes = 0;
  for (const value of values) {
    if (value.length === 0 || value.includes(0)) throw errors.nullCharacter();
    bytes += value.length + 1;
  }
  const buffer = allocateShared(bytes);
  const target = new Uint8Array(buffer);
  let at = 0;
  for (const value of values) {
    target.set(value, at);
    at += value.length + 1;
  }
  return { dtype: 'STRING', shape, buffer, byteOffset: 0, byteLength: bytes };
}

/**
 * A tensor from its bytes (little-endian, row-major; strings NUL-terminated). Bytes that already lie in a SharedArrayBuffer of their own
 * become the tensor as they are, others are copied.
 * @throws ServerError when the length differs from what shape and dtype need.
 */
export function tensorFromBlob(dtype: Dtype, shape: readonly number[], blob: Buffer): Tensor {
  const count = elementCount(shape);
  if (dtype === 'STRING') {
    let terminators = 0;
    for (let i = blob.indexOf(0); i >= 0; i = blob.indexOf(0, i + 1)) terminators++;
    if (terminators !== count || blob[blob.length - 1] !== 0) throw errors.stringCount();
  } else if (blob.length !== count * ELEMENT_BYTES[dtype]) throw errors.dataLength();
  const owned = ownBytes(blob);
  return {
    dtype,
    shape,
    buffer: owned.buffer,
    byteOffset: owned.byteOffset,
    byteLength: owned.byteLength,
  };
}

/** The tensor's elements as replies: integers, doubles or bulk strings, in row-major order. */
export function tensorValues(tensor: Tensor): Reply[] {
  if (tensor.dtype === 'STRING') return stringElements(tensor);
  const { buffer, byteOffset, byteLength, dtype } = tensor;
  const view = new DataView(buffer, byteOffset, byteLength);
  const step = ELEMENT_BYTES[dtype];
  const out: Reply[] = [];
  for (let at = 0; at < byteLength; at += step) out.push(element(view, at, dtype));
  return out;
}

function element(view: DataView, at: number, dtype: Dtype): Reply {
  switch (dtype) {
    case 'FLOAT':
      return new Double(view.getFloat32(at, true));
    case 'DOUBLE':
      return new Double(view.getFloat64(at, true));
    case 'INT8':
      return view.getInt8(at);
    case 'INT16':
      return view.getInt16(at, true);
    case 'INT32':
      return view.getInt32(at, true);
    case 'INT64':
      return view.getBigInt64(at, true);
    case 'UINT16':
      return view.getUint16(at, true);
    default:
      return view.getUint8(at);
  }
}

/** The elements of a STRING tensor, as bytes, not copied. */
export function stringElements(tensor: Tensor): Uint8Array[] {
  const bytes = tensorBytes(tensor);
  const out: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = bytes.indexOf(0, from);
    out.push(bytes.subarray(from, to));
    from = to + 1;
  }
  return out;
}
