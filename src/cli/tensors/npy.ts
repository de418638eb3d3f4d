import { type Dtype, ELEMENT_BYTES } from '../../tensors/dtype.ts';
import type { TensorValue } from './tensor-value.ts';

/** The format of NumPy's files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
const ALIGNMENT = 64;
const SHORT_HEADER = 0xffff;

const DTYPES: Readonly<Record<string, Dtype>> = {
  f4: 'FLOAT',
  f8: 'DOUBLE',
  i1: 'INT8',
  i2: 'INT16',
  i4: 'INT32',
  i8: 'INT64',
  u1: 'UINT8',
  u2: 'UINT16',
  b1: 'BOOL',
};
const DESCRIPTIONS = new Map(Object.entries(DTYPES).map(([name, dtype]) => [dtype, name]));

/**
 * Reads an array of NumPy, of any byte order, in C order or Fortran's.
 * @throws Error that says what is wrong with it.
 */
export function readNpy(file: Buffer): TensorValue {
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('not a file of numpy.save');
  const major = file[6] as number;
  const start = major === 1 ? 10 : 12;
  if (file.length < start) throw new Error('it ends within its header');
  const length = major === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8);
  const header = file.toString('latin1', start, start + length);
  const [, order, kind, size] = /'descr':\s*'([<>|=])([a-zA-Z])(\d+)'/.exec(header) ?? [];
  const [, fortran] = /'fortran_order':\s*(True|False)/.exec(header) ?? [];
  const [, dimensions] = /'shape':\s*\(([\d,\s]*)\)/.exec(header) ?? [];
  if (kind === undefined || fortran === undefined || dimensions === undefined) {
    throw new Error('its header is damaged, or it is a structured or object array');
  }
  const shape = dimensions.split(',').flatMap((text) => (text.trim() === '' ? [] : [Number(text)]));
  const count = shape.reduce((product, size) => product * size, 1);
  const data = file.subarray(start + length);
  if (kind === 'U' || kind === 'S') {
    return { dtype: 'STRING', shape, bytes: strings(data, kind, Number(size), count, order === '>') };
  }
  const dtype = DTYPES[`${kind}${size}`];
  if (dtype === undefined) {
    throw new Error(
      `arrays of ${kind}${size} are no tensors: use ${Object.keys(DTYPES).join(', ')} or strings (astype)`,
    );
  }
  const step = ELEMENT_BYTES[dtype];
  if (data.length < count * step) {
    throw new Error(`it has ${data.length} bytes of data where its shape needs ${count * step}`);
  }
  let bytes = Buffer.from(data.subarray(0, count * step));
  if (order === '>' && step > 1) swapBytes(bytes, step);
  if (fortran === 'True') bytes = inRowMajorOrder(bytes, shape, step);
  return { dtype, shape, bytes };
}

/** The bytes of a .npy file. */
export function writeNpy({ dtype, shape, bytes }: TensorValue): Buffer {
  const [description, data] =
    dtype === 'STRING' ? fixedWidth(bytes) : [described(DESCRIPTIONS.get(dtype) as string), bytes];
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const fields = `{'descr': '${description}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + fields.length + 1) / ALIGNMENT) * ALIGNMENT - 10;
  if (length > SHORT_HEADER) throw new Error('too many dimensions for a .npy file');
  const header = Buffer.alloc(10);
  MAGIC.copy(header);
  header[6] = 1;
  header.writeUInt16LE(length, 8);
  return Buffer.concat([header, Buffer.from(`${fields.padEnd(length - 1)}\n`, 'latin1'), data]);
}

function described(name: string): string {
  return `${name.endsWith('1') ? '|' : '<'}${name}`;
}

/** NUL-terminated UTF-8 as NumPy's arrays of bytes, all as long as the longest. */
function fixedWidth(bytes: Buffer): [string, Buffer] {
  const texts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    texts.push(bytes.subarray(at, end));
    at = end + 1;
  }
  const width = Math.max(1, ...texts.map((text) => text.length));
  const data = Buffer.alloc(width * texts.length);
  for (const [i, text] of texts.entries()) text.copy(data, i * width);
  return [`|S${width}`, data];
}

function strings(data: Buffer, kind: 'U' | 'S', width: number, count: number, isBigEndian: boolean): Buffer {
  const step = kind === 'U' ? width * 4 : width;
  if (data.length < count * step) throw new Error('its data ends early');
  const texts = Array.from({ length: count }, (_, i) => {
    const item = data.subarray(i * step, (i + 1) * step);
    if (kind === 'S') return item.toString('utf8');
    const codes = Array.from({ length: width }, (_, c) =>
      isBigEndian ? item.readUInt32BE(c * 4) : item.readUInt32LE(c * 4),
    );
    return String.fromCodePoint(...codes);
  });
  return Buffer.from(texts.map((text) => `${text.replace(/\0+$/, '')}\0`).join(''));
}

function swapBytes(bytes: Buffer, step: number): void {
  if (step === 2) bytes.swap16();
  else if (step === 4) bytes.swap32();
  else bytes.swap64();
}

function inRowMajorOrder(bytes: Buffer, shape: readonly number[], step: number): Buffer<ArrayBuffer> {
  const strides: number[] = [];
  for (let i = 0, stride = step; i < shape.length; stride *= shape[i++] as number) strides.push(stride);
  const ordered = Buffer.alloc(bytes.length);
  const index = new Array<number>(shape.length).fill(0);
  for (let to = 0; to < bytes.length; to += step) {
    const from = index.reduce((sum, at, i) => sum + at * (strides[i] as number), 0);
    bytes.copy(ordered, to, from, from + step);
    for (let i = shape.length - 1; i >= 0; i--) {
      index[i] = (index[i] as number) + 1;
      if ((index[i] as number) < (shape[i] as number)) break;
      index[i] = 0;
    }
  }
  return ordered;
}
