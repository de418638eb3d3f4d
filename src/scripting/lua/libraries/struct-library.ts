import { latin1 } from '../../../protocol/latin1.ts';
import type { LuaState } from '../fengari.ts';
import {
  argumentCount,
  badArgument,
  checkBytes,
  checkNumber,
  type Library,
  optionalInteger,
  raise,
} from '../library.ts';
import { push } from '../values.ts';
import { concatenate } from './text.ts';

/** Sizes of C's types on x86-64. */
const INTEGER_SIZES: Record<string, number> = { b: 1, h: 2, l: 8, t: 8, j: 8 };
const INT_BYTES = 4;
const MAX_INTEGER_BYTES = 32;
const MAX_ALIGNMENT = 8;

/** One item of a format. */
interface Item {
  readonly option: string;
  /** Bytes; 0 where the data tells. */
  readonly size: number;
  readonly littleEndian: boolean;
  /** Bytes to skip before it. */
  readonly padding: number;
}

/**
 * Reads formats of Roberto Ierusalimschy's struct library as Redis has it (http://www.inf.puc-rio.br/~roberto/struct/).
 * A generator that is told where in the data it is, for alignment.
 */
function* itemsOf(L: LuaState, format: string, position: () => number): Generator<Item> {
  let littleEndian = true;
  let alignment = 1;
  let at = 0;
  const number = (fallback: number): number => {
    const digits = /^\d+/.exec(format.slice(at))?.[0];
    if (digits === undefined) return fallback;
    at += digits.length;
    const value = Number(digits);
    if (value > 0x7fffffff) raise(L, 'integral size overflow');
    return value;
  };
  while (at < format.length) {
    const option = format[at++] as string;
    switch (option) {
      case ' ':
        continue;
      case '<':
      case '>':
        littleEndian = option === '<';
        continue;
      case '!': {
        alignment = number(MAX_ALIGNMENT);
        if (alignment === 0 || (alignment & (alignment - 1)) !== 0)
          raise(L, `alignment ${alignment} is not a power of 2`);
        continue;
      }
    }
    const size = sizeOf(L, option, number);
    const aligned = size > 1 && option !== 'c' ? Math.min(size, alignment) : 1;
    const padding = (aligned - (position() & (aligned - 1))) & (aligned - 1);
    yield { option, size, littleEndian, padding };
  }
}

function sizeOf(L: LuaState, option: string, number: (fallback: number) => number): number {
  switch (option) {
    case 'x':
      return 1;
    case 'c':
      return number(1);
    case 's':
      return 0;
    case 'f':
      return 4;
    case 'd':
    case 'n':
      return 8;
    case 'i':
    case 'I': {
      const size = number(INT_BYTES);
      if (size > MAX_INTEGER_BYTES) {
        raise(L, `integral size ${size} is larger than limit of ${MAX_INTEGER_BYTES}`);
      }
      return size;
    }
  }
  return INTEGER_SIZES[option.toLowerCase()] ?? badArgument(L, 1, `invalid format option '${option}'`);
}

const isInteger = (option: string) => /[bhlijt]/i.test(option);
const isSigned = (option: string) => option === option.toLowerCase() && option !== 't';

function packInteger(value: number, { size, littleEndian }: Item): Uint8Array {
  const bytes = new Uint8Array(size);
  let rest = Number.isFinite(value) ? BigInt.asUintN(64, BigInt(Math.floor(value))) : 1n << 63n;
  for (let i = 0; i < size; i++) {
    bytes[littleEndian ? i : size - 1 - i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function unpackInteger(bytes: Uint8Array, { option, size, littleEndian }: Item): number {
  let value = 0n;
  for (let i = 0; i < size; i++) {
    value = (value << 8n) | BigInt(bytes[littleEndian ? size - 1 - i : i] as number);
  }
  value = BigInt.asUintN(64, value);
  if (!isSigned(option)) return Number(value);
  return Number(BigInt.asIntN(Math.min(size * 8, 64), value));
}

function packReal(value: number, { size, littleEndian }: Item): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  if (size === 4) view.setFloat32(0, value, littleEndian);
  else view.setFloat64(0, value, littleEndian);
  return new Uint8Array(view.buffer);
}

function unpackReal(bytes: Uint8Array, { size, littleEndian }: Item): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  return size === 4 ? view.getFloat32(0, littleEndian) : view.getFloat64(0, littleEndian);
}

/** A missing argument reads as nil: struct has pushed one behind them. */
function requireArgument(L: LuaState, index: number, expected: string): void {
  if (index > argumentCount(L)) badArgument(L, index, `${expected} expected, got nil`);
}

function packString(L: LuaState, index: number, item: Item): Uint8Array[] {
  requireArgument(L, index, 'string');
  const bytes = checkBytes(L, index);
  if (item.option === 's') return [bytes, new Uint8Array(1)];
  const size = item.size === 0 ? bytes.length : item.size;
  // One too far, as struct itself counts.
  if (bytes.length < size) badArgument(L, index + 1, 'string too short');
  return [bytes.subarray(0, size)];
}

function pack(L: LuaState): number {
  const format = latin1(checkBytes(L, 1));
  const pieces: Uint8Array[] = [];
  let length = 0;
  let argument = 2;
  const add = (piece: Uint8Array) => {
    pieces.push(piece);
    length += piece.length;
  };
  for (const item of itemsOf(L, format, () => length)) {
    add(new Uint8Array(item.padding));
    const { option } = item;
    if (option === 'x') add(new Uint8Array(1));
    else if (option === 's' || option === 'c') packString(L, argument++, item).forEach(add);
    else {
      requireArgument(L, argument, 'number');
      const value = checkNumber(L, argument++);
      add(isInteger(option) ? packInteger(value, item) : packReal(value, item));
    }
  }
  push(L, concatenate(L, pieces));
  return 1;
}

function unpack(L: LuaState): number {
  const format = latin1(checkBytes(L, 1));
  const data = checkBytes(L, 2);
  const offset = optionalInteger(L, 3, 1);
  if (offset <= 0) badArgument(L, 3, 'offset must be 1 or greater');
  let at = offset - 1;
  const values: (number | Uint8Array)[] = [];
  for (const item of itemsOf(L, format, () => at)) {
    at += item.padding;
    const { option, size } = item;
    if (at + size > data.length) badArgument(L, 2, 'data string too short');
    const bytes = data.subarray(at, at + size);
    at += size;
    if (isInteger(option)) values.push(unpackInteger(bytes, item));
    else if (option === 'f' || option === 'd' || option === 'n') values.push(unpackReal(bytes, item));
    else if (option === 's') {
      const end = data.indexOf(0, at);
      if (end < 0) raise(L, 'unfinished string in data');
      values.push(data.slice(at, end));
      at = end + 1;
    } else if (option === 'c') {
      let length = size;
      if (size === 0) {
        const last = values.pop();
        if (typeof last !== 'number') raise(L, "format 'c0' needs a previous size");
        length = last;
        if (length < 0 || at + length > data.length) badArgument(L, 2, 'data string too short');
        at += length;
      }
      values.push(data.slice(at - length, at));
    }
  }
  for (const value of values) push(L, value);
  push(L, at + 1);
  return values.length + 1;
}

function size(L: LuaState): number {
  const format = latin1(checkBytes(L, 1));
  let total = 0;
  for (const item of itemsOf(L, format, () => total)) {
    if (item.option === 's') badArgument(L, 1, "option 's' has no fixed size");
    if (item.option === 'c' && item.size === 0) badArgument(L, 1, "option 'c0' has no fixed size");
    total += item.padding + item.size;
  }
  push(L, total);
  return 1;
}

export const structLibrary: Library = { pack, size, unpack };
