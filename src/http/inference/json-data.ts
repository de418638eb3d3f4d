import { isUtf8 } from 'node:buffer';
import { type Dtype, ELEMENT_BYTES } from '../../tensors/dtype.ts';
import { elementCount } from '../../tensors/tensor.ts';
import { InferenceError } from './inference-error.ts';

interface NumberCodec {
  /** What JSON values may be, in words. */
  readonly expected: string;
  fits(value: unknown): boolean;
  write(bytes: Buffer, value: never, at: number): void;
  read(bytes: Buffer, at: number): number | bigint | boolean;
}

const LARGEST_FLOAT = 3.4028234663852886e38;

function whole(
  low: number,
  high: number,
  write: (bytes: Buffer, value: number, at: number) => void,
  read: NumberCodec['read'],
): NumberCodec {
  return {
    expected: `a whole number from ${low} to ${high}`,
    fits: (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
    write,
    read,
  };
}

/** Numbers of JSON are doubles, which tell larger whole numbers apart no more. */
const { MAX_SAFE_INTEGER } = Number;

const CODECS: Readonly<Record<Exclude<Dtype, 'STRING'>, NumberCodec>> = {
  FLOAT: {
    expected: 'a number that FP32 has room for',
    fits: (value) => typeof value === 'number' && Math.abs(value) <= LARGEST_FLOAT,
    write: (bytes, value, at) => bytes.writeFloatLE(value, at),
    read: (bytes, at) => bytes.readFloatLE(at),
  },
  DOUBLE: {
    expected: 'a number that FP64 has room for',
    fits: Number.isFinite,
    write: (bytes, value, at) => bytes.writeDoubleLE(value, at),
    read: (bytes, at) => bytes.readDoubleLE(at),
  },
  INT8: whole(
    -(2 ** 7),
    2 ** 7 - 1,
    (bytes, value, at) => bytes.writeInt8(value, at),
    (bytes, at) => bytes.readInt8(at),
  ),
  INT16: whole(
    -(2 ** 15),
    2 ** 15 - 1,
    (bytes, value, at) => bytes.writeInt16LE(value, at),
    (bytes, at) => bytes.readInt16LE(at),
  ),
  INT32: whole(
    -(2 ** 31),
    2 ** 31 - 1,
    (bytes, value, at) => bytes.writeInt32LE(value, at),
    (bytes, at) => bytes.readInt32LE(at),
  ),
  INT64: whole(
    -MAX_SAFE_INTEGER,
    MAX_SAFE_INTEGER,
    (bytes, value, at) => bytes.writeBigInt64LE(BigInt(value), at),
    (bytes, at) => bytes.readBigInt64LE(at),
  ),
  UINT8: whole(
    0,
    2 ** 8 - 1,
    (bytes, value, at) => bytes.writeUInt8(value, at),
    (bytes, at) => bytes.readUInt8(at),
  ),
  UINT16: whole(
    0,
    2 ** 16 - 1,
    (bytes, value, at) => bytes.writeUInt16LE(value, at),
    (bytes, at) => bytes.readUInt16LE(at),
  ),
  BOOL: {
    expected: 'true or false',
    fits: (value) => typeof value === 'boolean',
    write: (bytes, value, at) => bytes.writeUInt8(Number(value), at),
    read: (bytes, at) => bytes.readUInt8(at) !== 0,
  },
};

/**
 * Elements from JSON.
 * @param what names the tensor in errors.
 * @param data flat, or nested as the shape is.
 * @returns the tensor's bytes; of STRING its elements.
 * @throws InferenceError where their count is not that of the shape, or one of them does not fit.
 */
export function fromJson(
  dtype: Dtype,
  data: unknown,
  shape: readonly number[],
  what: string,
): Buffer | Buffer[] {
  if (!Array.isArray(data)) throw new InferenceError(400, `${what} has no list of data`);
  const values: unknown[] = Array.isArray(data[0]) ? data.flat(shape.length - 1) : data;
  const count = elementCount(shape);
  if (values.length !== count) {
    throw new InferenceError(400, `${what} has ${values.length} elements, its shape has ${count}`);
  }
  const refuse = (i: number, expected: string) =>
    new InferenceError(400, `element ${i} of ${what} is not ${expected}`);
  if (dtype === 'STRING') {
    return values.map((value, i) => {
      if (typeof value !== 'string') throw refuse(i, 'a string');
      return Buffer.from(value);
    });
  }
  const { fits, write, expected } = CODECS[dtype];
  const step = ELEMENT_BYTES[dtype];
  const bytes = Buffer.allocUnsafe(count * step);
  values.forEach((value, i) => {
    if (!fits(value)) throw refuse(i, expected);
    write(bytes, value as never, i * step);
  });
  return bytes;
}

/**
 * The JSON text of a tensor's elements, flat.
 * @param what names the tensor in errors.
 * @param content the tensor's bytes; of STRING its elements.
 * @throws InferenceError where JSON has no such value.
 */
export function toJson(dtype: Dtype, content: Buffer | readonly Buffer[], what: string): string {
  const refuse = (i: number, value: string) =>
    new InferenceError(400, `element ${i} of ${what} is ${value}, which JSON has not: ask for binary data`);
  const texts: string[] = [];
  if (Array.isArray(content)) {
    content.forEach((element: Buffer, i) => {
      if (!isUtf8(element)) throw refuse(i, 'no UTF-8');
      texts.push(JSON.stringify(element.toString()));
    });
  } else if (dtype !== 'STRING') {
    const { read } = CODECS[dtype];
    const bytes = content as Buffer;
    const step = ELEMENT_BYTES[dtype];
    for (let at = 0; at < bytes.length; at += step) {
      const value = read(bytes, at);
      if (typeof value === 'number' && !Number.isFinite(value)) throw refuse(at / step, String(value));
      texts.push(Object.is(value, -0) ? '-0.0' : String(value));
    }
  }
  return `[${texts.join(',')}]`;
}
