import { type Dtype, ELEMENT_BYTES, TYPED_ARRAYS } from '../tensors/dtype.ts';

export type { Dtype };

/** What holds the elements of each dtype: row-major, BOOL as 0 and 1, STRING as one text for each element. */
export interface TensorData {
  FLOAT: Float32Array;
  DOUBLE: Float64Array;
  INT8: Int8Array;
  INT16: Int16Array;
  INT32: Int32Array;
  INT64: BigInt64Array;
  UINT8: Uint8Array;
  UINT16: Uint16Array;
  BOOL: Uint8Array;
  STRING: readonly string[];
}

/** A tensor of dtype `D`; of several, a union that `dtype` tells apart. The empty shape is a scalar. */
export type Tensor<D extends Dtype = Dtype> = {
  [K in D]: { readonly dtype: K; readonly shape: readonly number[]; readonly data: TensorData[K] };
}[D];

/** One element as it may be written down; numbers of an integer dtype have to be in its range. */
export type Element<D extends Dtype> = D extends 'STRING'
  ? string
  : D extends 'BOOL'
    ? boolean | 0 | 1
    : D extends 'INT64'
      ? bigint | number
      : number;

/** Elements in as many levels of arrays as the tensor has dimensions. */
export type Nested<E> = E | readonly Nested<E>[];

/** The dtype of a typed array; BOOL has none of its own, and is written as `tensor('BOOL', ...)`. */
const DTYPE_OF_ARRAY = {
  Float32Array: 'FLOAT',
  Float64Array: 'DOUBLE',
  Int8Array: 'INT8',
  Int16Array: 'INT16',
  Int32Array: 'INT32',
  BigInt64Array: 'INT64',
  Uint8Array: 'UINT8',
  Uint16Array: 'UINT16',
} as const;

type NumberDtype = Exclude<Dtype, 'STRING'>;
type NumberArray = TensorData[NumberDtype];
export type DtypeOf<A extends NumberArray> = (typeof DTYPE_OF_ARRAY)[A[typeof Symbol.toStringTag]];

/**
 * A tensor over a typed array, which is not copied: it must not change until what it is sent with has settled.
 * @param shape one dimension when left out.
 * @throws RangeError when the shape does not have as many elements as the array.
 */
export function tensor<A extends NumberArray>(data: A, shape?: readonly number[]): Tensor<DtypeOf<A>>;
/**
 * A tensor of a dtype, from numbers, bigints, booleans or texts in nested arrays, or over a typed array, which is not copied.
 * @param shape that of the nesting when left out.
 * @throws RangeError when the nesting is ragged, the shape has another number of elements, or an element is out of the dtype's range.
 */
export function tensor<D extends Dtype>(
  dtype: D,
  data: TensorData[D] | Nested<Element<D>>,
  shape?: readonly number[],
): Tensor<D>;
export function tensor(
  first: NumberArray | Dtype,
  second?: TensorData[Dtype] | Nested<Element<Dtype>> | readonly number[],
  third?: readonly number[],
): Tensor {
  if (typeof first === 'string') return tensorOfDtype(first, second as Nested<Element<Dtype>>, third);
  const dtype = DTYPE_OF_ARRAY[first[Symbol.toStringTag]];
  if (dtype === undefined) throw new TypeError(`no dtype for a ${Object.prototype.toString.call(first)}`);
  return checked(dtype, (second as readonly number[] | undefined) ?? [first.length], first);
}

function tensorOfDtype(
  dtype: Dtype,
  data: TensorData[Dtype] | Nested<Element<Dtype>>,
  shape: readonly number[] | undefined,
): Tensor {
  if (ArrayBuffer.isView(data)) return checked(dtype, shape ?? [data.length], sameKind(dtype, data));
  const nesting = shapeOf(data);
  const elements = Array.isArray(data) ? data.flat(nesting.length - 1) : [data];
  return checked(dtype, shape ?? nesting, converted(dtype, elements));
}

function sameKind(dtype: Dtype, data: NumberArray): NumberArray {
  const expected = dtype === 'STRING' ? undefined : TYPED_ARRAYS[dtype].name;
  if (data[Symbol.toStringTag] !== expected) {
    throw new TypeError(`${dtype} takes ${expected ?? 'texts'}, not a ${data[Symbol.toStringTag]}`);
  }
  return data;
}

function shapeOf(data: Nested<unknown>): number[] {
  if (!Array.isArray(data)) return [];
  const inner = data.length === 0 ? [] : shapeOf(data[0]);
  const same = (other: unknown) => String(shapeOf(other)) === String(inner);
  if (!data.every(same)) throw new RangeError('the arrays of one level differ in length');
  return [data.length, ...inner];
}

function converted(dtype: Dtype, elements: readonly Element<Dtype>[]): TensorData[Dtype] {
  if (dtype === 'STRING') return elements as string[];
  if (dtype === 'INT64') return exact(dtype, elements, BigInt64Array.from(elements, BigInt));
  const array = new TYPED_ARRAYS[dtype](elements.map(Number));
  return dtype === 'FLOAT' || dtype === 'DOUBLE' ? array : exact(dtype, elements, array);
}

/** Typed arrays wrap what they cannot hold; that would be another number without a word. */
function exact<A extends NumberArray>(dtype: Dtype, elements: readonly Element<Dtype>[], array: A): A {
  elements.forEach((element, i) => {
    const outside = dtype === 'BOOL' ? array[i] !== 0 && array[i] !== 1 : false;
    // Loosely, for 1n, 1 and true are the same element.
    // biome-ignore lint/suspicious/noDoubleEquals: see above
    if (outside || array[i] != element) throw new RangeError(`${element} is no ${dtype}`);
  });
  return array;
}

function checked(dtype: Dtype, shape: readonly number[], data: TensorData[Dtype]): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  if (!shape.every((d) => Number.isSafeInteger(d) && d >= 0) || count !== data.length) {
    throw new RangeError(`a shape of [${shape}] for ${data.length} elements`);
  }
  return { dtype, shape, data } as Tensor;
}

/** The tensor's elements as AI.TENSORSET takes them behind BLOB: a view, but for STRING. */
export function blobOf({ dtype, data }: Tensor): Buffer {
  if (dtype !== 'STRING') return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (const text of data) {
    if (text.includes('\0')) throw new RangeError('a text of a tensor cannot have NUL in it');
  }
  return Buffer.from(data.map((text) => `${text}\0`).join(''));
}

/** Up to here a copy is cheaper than keeping alive the socket's whole buffer, in which the bytes lie. */
const LARGEST_COPY = 4096;

/**
 * The tensor of a reply. Its data is a view on what the socket read where that can be aligned, else a copy.
 * @throws TypeError for STRING elements that are not UTF-8.
 */
export function tensorOf(dtype: Dtype, shape: readonly number[], blob: Buffer): Tensor {
  if (dtype === 'STRING') return { dtype, shape, data: textsOf(blob) };
  const size = ELEMENT_BYTES[dtype];
  const isCopied = blob.length <= LARGEST_COPY || blob.byteOffset % size !== 0;
  const bytes: Uint8Array = isCopied ? new Uint8Array(blob) : blob;
  // Little-endian on the wire, as is every machine that the server runs on and nearly every other.
  const data = new TYPED_ARRAYS[dtype](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / size);
  return { dtype, shape, data } as Tensor;
}

function textsOf(blob: Buffer): string[] {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(blob);
  return text.split('\0').slice(0, -1);
}
