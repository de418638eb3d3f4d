import { type Dtype, ELEMENT_BYTES } from '../../tensors/dtype.ts';
import { toJson } from '../terminal/output.ts';
import { shown } from '../terminal/text.ts';

/** A tensor as a blob on the wire: little-endian and row-major; strings end with a NUL each. */
export interface TensorValue {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

export type Element = number | bigint | string | boolean;

/** Elements at each end of a dimension that is too long to be shown. */
const EDGE = 3;
/** Tensors of more are shortened. */
const MOST_SHOWN = 1000;

/** Writes one element. @throws Error where it does not fit the dtype. */
type Writer = (view: DataView, at: number, value: Element) => void;

const integer =
  (low: bigint, high: bigint, write: (view: DataView, at: number, value: bigint) => void): Writer =>
  (view, at, value) => {
    const whole =
      typeof value === 'bigint' ? value : Number.isInteger(Number(value)) ? BigInt(value) : undefined;
    if (whole === undefined || typeof value === 'string' || whole < low || whole > high) {
      throw new Error(`${toJson(value)} is no whole number from ${low} to ${high}`);
    }
    write(view, at, whole);
  };

const signed = (bits: number, write: (view: DataView, at: number, value: bigint) => void) =>
  integer(-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n, write);

const NAMED_FLOATS = new Set(['NaN', 'Infinity', '-Infinity']);

function float(value: Element): number {
  if (typeof value === 'string' && !NAMED_FLOATS.has(value)) throw new Error(`${toJson(value)} is no number`);
  return Number(value);
}

const WRITERS: Readonly<Record<Exclude<Dtype, 'STRING'>, Writer>> = {
  FLOAT: (view, at, value) => view.setFloat32(at, float(value), true),
  DOUBLE: (view, at, value) => view.setFloat64(at, float(value), true),
  INT8: signed(8, (view, at, value) => view.setInt8(at, Number(value))),
  INT16: signed(16, (view, at, value) => view.setInt16(at, Number(value), true)),
  INT32: signed(32, (view, at, value) => view.setInt32(at, Number(value), true)),
  INT64: signed(64, (view, at, value) => view.setBigInt64(at, value, true)),
  UINT8: integer(0n, 255n, (view, at, value) => view.setUint8(at, Number(value))),
  UINT16: integer(0n, 65_535n, (view, at, value) => view.setUint16(at, Number(value), true)),
  BOOL: integer(0n, 1n, (view, at, value) => view.setUint8(at, Number(value))),
};

const READERS: Readonly<Record<Exclude<Dtype, 'STRING'>, (view: DataView, at: number) => Element>> = {
  FLOAT: (view, at) => shortest(view.getFloat32(at, true)),
  DOUBLE: (view, at) => view.getFloat64(at, true),
  INT8: (view, at) => view.getInt8(at),
  INT16: (view, at) => view.getInt16(at, true),
  INT32: (view, at) => view.getInt32(at, true),
  INT64: (view, at) => view.getBigInt64(at, true),
  UINT8: (view, at) => view.getUint8(at),
  UINT16: (view, at) => view.getUint16(at, true),
  BOOL: (view, at) => view.getUint8(at) !== 0,
};

/** @throws Error that says which element is not of the dtype. */
export function tensorOf(dtype: Dtype, shape: readonly number[], elements: readonly Element[]): TensorValue {
  if (dtype === 'STRING') {
    const texts = elements.map((element) => {
      const text = String(element);
      if (text.includes('\0')) throw new Error('a string in a tensor cannot hold a NUL');
      return `${text}\0`;
    });
    return { dtype, shape, bytes: Buffer.from(texts.join('')) };
  }
  const step = ELEMENT_BYTES[dtype];
  const bytes = Buffer.alloc(elements.length * step);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const [i, element] of elements.entries()) WRITERS[dtype](view, i * step, element);
  return { dtype, shape, bytes };
}

/** All elements in row-major order. */
export function elementsOf({ dtype, bytes }: TensorValue): Element[] {
  if (dtype === 'STRING') return bytes.toString('utf8').split('\0').slice(0, -1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const step = ELEMENT_BYTES[dtype];
  return Array.from({ length: bytes.length / step }, (_, i) => READERS[dtype](view, i * step));
}

export type Nested = Element | readonly Nested[];

/** Arrays within arrays, as the shape says. */
export function nested(tensor: TensorValue): Nested {
  const elements = elementsOf(tensor);
  const build = (dimension: number, from: number, count: number): Nested => {
    const size = tensor.shape[dimension];
    if (size === undefined) return elements[from] as Element;
    return Array.from({ length: size }, (_, i) =>
      build(dimension + 1, from + i * (count / size), count / size),
    );
  };
  return build(0, 0, elements.length);
}

/** As people read it; long tensors are shortened as NumPy does. */
export function tensorText(tensor: TensorValue): string {
  const isLong = tensor.shape.reduce((product, size) => product * size, 1) > MOST_SHOWN;
  const text = (value: Nested, indent: number): string => {
    if (!Array.isArray(value))
      return typeof value === 'string' ? shown(JSON.stringify(value)) : String(value);
    const texts = shortened(value as readonly Nested[], isLong).map((item) =>
      item === undefined ? '...' : text(item, indent + 1),
    );
    const isInnermost = !Array.isArray(value[0]);
    return `[${texts.join(isInnermost ? ', ' : `,\n${' '.repeat(indent + 1)}`)}]`;
  };
  return text(nested(tensor), 0);
}

/** Undefined stands for what is left out. */
function shortened(items: readonly Nested[], isLong: boolean): (Nested | undefined)[] {
  if (!isLong || items.length <= 2 * EDGE) return [...items];
  return [...items.slice(0, EDGE), undefined, ...items.slice(-EDGE)];
}

/** The double with the fewest digits that is this float. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}
