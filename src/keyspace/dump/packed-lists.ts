import { FormatError } from './format-error.ts';

/** The packed forms in which Redis keeps small collections, as byte strings of their elements. Numbers become their decimal text. */

/** Redis's intset.c: sorted integers of 2, 4 or 8 bytes. */
export function intsetElements(bytes: Uint8Array): Uint8Array[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return guarded(() => {
    const width = data.readUInt32LE(0);
    const count = data.readUInt32LE(4);
    if (![2, 4, 8].includes(width) || data.length !== 8 + count * width) throw new FormatError('intset');
    return Array.from({ length: count }, (_, i) => {
      const at = 8 + i * width;
      if (width === 8) return text(data.readBigInt64LE(at));
      return text(width === 4 ? data.readInt32LE(at) : data.readInt16LE(at));
    });
  });
}

/** Redis's listpack.c. */
export function listpackElements(bytes: Uint8Array): Uint8Array[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return guarded(() => {
    const out: Uint8Array[] = [];
    let at = 6;
    while (data.readUInt8(at) !== 0xff) {
      const { element, size } = listpackElement(data, at);
      out.push(element);
      at += size + backLengthSize(size);
    }
    if (data.readUInt32LE(0) !== data.length || at !== data.length - 1) throw new FormatError('listpack');
    return out;
  });
}

function listpackElement(data: Buffer, at: number): { element: Uint8Array; size: number } {
  const first = data.readUInt8(at);
  const bytes = (header: number, length: number) => ({
    element: slice(data, at + header, length),
    size: header + length,
  });
  if (first < 0x80) return { element: text(first), size: 1 };
  if (first < 0xc0) return bytes(1, first & 63);
  if (first < 0xe0) {
    const value = ((first & 31) << 8) | data.readUInt8(at + 1);
    return { element: text(value >= 4096 ? value - 8192 : value), size: 2 };
  }
  if (first < 0xf0) return bytes(2, ((first & 15) << 8) | data.readUInt8(at + 1));
  switch (first) {
    case 0xf0:
      return bytes(5, data.readUInt32LE(at + 1));
    case 0xf1:
      return { element: text(data.readInt16LE(at + 1)), size: 3 };
    case 0xf2:
      return { element: text(data.readIntLE(at + 1, 3)), size: 4 };
    case 0xf3:
      return { element: text(data.readInt32LE(at + 1)), size: 5 };
    case 0xf4:
      return { element: text(data.readBigInt64LE(at + 1)), size: 9 };
    default:
      throw new FormatError('listpack');
  }
}

function backLengthSize(size: number): number {
  if (size < 128) return 1;
  if (size < 16_384) return 2;
  if (size < 2_097_152) return 3;
  return size < 268_435_456 ? 4 : 5;
}

/** Redis's ziplist.c, the predecessor of listpack. */
export function ziplistElements(bytes: Uint8Array): Uint8Array[] {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return guarded(() => {
    const out: Uint8Array[] = [];
    let at = 10;
    while (data.readUInt8(at) !== 0xff) {
      at += data.readUInt8(at) === 0xfe ? 5 : 1;
      const { element, size } = ziplistElement(data, at);
      out.push(element);
      at += size;
    }
    if (data.readUInt32LE(0) !== data.length || at !== data.length - 1) throw new FormatError('ziplist');
    return out;
  });
}

function ziplistElement(data: Buffer, at: number): { element: Uint8Array; size: number } {
  const first = data.readUInt8(at);
  const bytes = (header: number, length: number) => ({
    element: slice(data, at + header, length),
    size: header + length,
  });
  switch (first >> 6) {
    case 0:
      return bytes(1, first & 63);
    case 1:
      return bytes(2, ((first & 63) << 8) | data.readUInt8(at + 1));
    case 2:
      return bytes(5, data.readUInt32BE(at + 1));
  }
  switch (first) {
    case 0xc0:
      return { element: text(data.readInt16LE(at + 1)), size: 3 };
    case 0xd0:
      return { element: text(data.readInt32LE(at + 1)), size: 5 };
    case 0xe0:
      return { element: text(data.readBigInt64LE(at + 1)), size: 9 };
    case 0xf0:
      return { element: text(data.readIntLE(at + 1, 3)), size: 4 };
    case 0xfe:
      return { element: text(data.readInt8(at + 1)), size: 2 };
  }
  const small = (first & 15) - 1;
  if (first < 0xf1 || small > 12) throw new FormatError('ziplist');
  return { element: text(small), size: 1 };
}

function slice(data: Buffer, from: number, length: number): Uint8Array {
  if (from + length > data.length) throw new FormatError('cut off');
  return data.subarray(from, from + length);
}

function text(value: number | bigint): Uint8Array {
  return Buffer.from(String(value));
}

/** A Buffer throws RangeErrors where it is read past its end: here that is a damaged value like any other. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new FormatError('cut off');
    throw error;
  }
}
