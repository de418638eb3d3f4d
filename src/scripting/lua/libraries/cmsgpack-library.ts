import type { LuaState, LuaTable } from '../fengari.ts';
import {
  argumentCount,
  badArgument,
  checkBytes,
  checkInteger,
  type Library,
  optionalInteger,
  raise,
} from '../library.ts';
import { entriesOf, getEntry, isTable, type LuaValue, newTable, push, setEntry, valueAt } from '../values.ts';
import { concatenate } from './text.ts';

/** Deeper tables are written as nil, as by lua-cmsgpack. */
const MAX_NESTING = 16;

class Packer {
  readonly pieces: Uint8Array[] = [];

  value(value: LuaValue, depth: number): void {
    if (typeof value === 'boolean') this.#bytes(value ? 0xc3 : 0xc2);
    else if (typeof value === 'number') this.#number(value);
    else if (value instanceof Uint8Array) this.#string(value);
    else if (value !== undefined && isTable(value) && depth < MAX_NESTING) this.#table(value, depth);
    else this.#bytes(0xc0);
  }

  #bytes(...bytes: number[]): void {
    this.pieces.push(Uint8Array.from(bytes));
  }

  /** A tag and an unsigned number of 1, 2, 4 or 8 bytes. */
  #tagged(tag: number, size: number, value: number | bigint): void {
    const view = new DataView(new ArrayBuffer(1 + size));
    view.setUint8(0, tag);
    if (size === 1) view.setUint8(1, Number(value));
    else if (size === 2) view.setUint16(1, Number(value));
    else if (size === 4) view.setUint32(1, Number(value));
    else view.setBigUint64(1, BigInt.asUintN(64, BigInt(value)));
    this.pieces.push(new Uint8Array(view.buffer));
  }

  #number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) {
      this.#integer(value);
      return;
    }
    const view = new DataView(new ArrayBuffer(Math.fround(value) === value ? 5 : 9));
    view.setUint8(0, view.byteLength === 5 ? 0xca : 0xcb);
    if (view.byteLength === 5) view.setFloat32(1, value);
    else view.setFloat64(1, value);
    this.pieces.push(new Uint8Array(view.buffer));
  }

  #integer(value: number): void {
    if (value >= 0) {
      if (value <= 0x7f) this.#bytes(value);
      else if (value <= 0xff) this.#tagged(0xcc, 1, value);
      else if (value <= 0xffff) this.#tagged(0xcd, 2, value);
      else if (value <= 0xffffffff) this.#tagged(0xce, 4, value);
      else this.#tagged(0xcf, 8, value);
    } else if (value >= -32) this.#bytes(value & 0xff);
    else if (value >= -0x80) this.#tagged(0xd0, 1, value & 0xff);
    else if (value >= -0x8000) this.#tagged(0xd1, 2, value & 0xffff);
    else if (value >= -0x80000000) this.#tagged(0xd2, 4, value >>> 0);
    else this.#tagged(0xd3, 8, value);
  }

  #string(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length < 32) this.#bytes(0xa0 | length);
    else if (length <= 0xff) this.#tagged(0xd9, 1, length);
    else if (length <= 0xffff) this.#tagged(0xda, 2, length);
    else this.#tagged(0xdb, 4, length);
    this.pieces.push(bytes);
  }

  #table(table: LuaTable, depth: number): void {
    const entries = [...entriesOf(table)];
    const isArray = entries.every(
      ([key]) => typeof key === 'number' && Number.isInteger(key) && key > 0 && key <= entries.length,
    );
    const { length } = entries;
    if (length < 16) this.#bytes((isArray ? 0x90 : 0x80) | length);
    else if (length <= 0xffff) this.#tagged(isArray ? 0xdc : 0xde, 2, length);
    else this.#tagged(isArray ? 0xdd : 0xdf, 4, length);
    if (isArray) {
      for (let i = 1; i <= length; i++) this.value(getEntry(table, i), depth + 1);
      return;
    }
    for (const [key, value] of entries) {
      this.value(key, depth + 1);
      this.value(value, depth + 1);
    }
  }
}

class Unpacker {
  readonly #L: LuaState;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(L: LuaState, bytes: Uint8Array, at: number) {
    this.#L = L;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  value(): LuaValue {
    const tag = this.#view.getUint8(this.#take(1));
    if (tag <= 0x7f) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag <= 0x8f) return this.#map(tag & 0x0f);
    if (tag <= 0x9f) return this.#array(tag & 0x0f);
    if (tag <= 0xbf) return this.#string(tag & 0x1f);
    switch (tag) {
      case 0xc0:
        return undefined;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.#view.getFloat32(this.#take(4));
      case 0xcb:
        return this.#view.getFloat64(this.#take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#unsigned(1 << (tag - 0xcc));
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return Number(this.#view.getBigInt64(this.#take(8)));
      case 0xc4:
      case 0xd9:
        return this.#string(this.#unsigned(1));
      case 0xc5:
      case 0xda:
        return this.#string(this.#unsigned(2));
      case 0xc6:
      case 0xdb:
        return this.#string(this.#unsigned(4));
      case 0xdc:
        return this.#array(this.#unsigned(2));
      case 0xdd:
        return this.#array(this.#unsigned(4));
      case 0xde:
        return this.#map(this.#unsigned(2));
      case 0xdf:
        return this.#map(this.#unsigned(4));
      default:
        return raise(this.#L, 'Bad data format in input.');
    }
  }

  #take(size: number): number {
    const { at } = this;
    if (at + size > this.#bytes.length) raise(this.#L, 'Missing bytes in input.');
    this.at += size;
    return at;
  }

  #unsigned(size: number): number {
    const at = this.#take(size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    return size === 4 ? this.#view.getUint32(at) : Number(this.#view.getBigUint64(at));
  }

  #string(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  #array(length: number): LuaTable {
    const table = newTable(this.#L);
    for (let i = 1; i <= length; i++) setEntry(this.#L, table, i, this.value());
    return table;
  }

  #map(length: number): LuaTable {
    const table = newTable(this.#L);
    for (let i = 0; i < length; i++) {
      const key = this.value();
      setEntry(this.#L, table, key, this.value());
    }
    return table;
  }
}

/** @param limit how many values; 0: all. @param tellEnd whether the offset of the next comes first, -1 where there is none. */
function unpackSome(L: LuaState, offset: number, limit: number, tellEnd: boolean): number {
  const bytes = checkBytes(L, 1);
  if (offset < 0 || limit < 0) {
    raise(L, `Invalid request to unpack with offset of ${offset} and limit of ${bytes.length}.`);
  }
  if (offset > bytes.length) raise(L, `Start offset ${offset} greater than input length ${bytes.length}.`);
  const unpacker = new Unpacker(L, bytes, offset);
  const values: LuaValue[] = [];
  while (!unpacker.isAtEnd && (limit === 0 || values.length < limit)) values.push(unpacker.value());
  if (tellEnd) push(L, unpacker.isAtEnd ? -1 : unpacker.at);
  for (const value of values) push(L, value);
  return values.length + (tellEnd ? 1 : 0);
}

/** Salvatore Sanfilippo's lua-cmsgpack 0.4 (https://github.com/antirez/lua-cmsgpack). */
export const cmsgpackLibrary: Library = {
  _COPYRIGHT: 'Copyright (C) 2012, Salvatore Sanfilippo',
  _DESCRIPTION: 'MessagePack C implementation for Lua',
  _NAME: 'cmsgpack',
  _VERSION: 'lua-cmsgpack 0.4.0',
  pack(L) {
    const count = argumentCount(L);
    if (count === 0) badArgument(L, 0, 'MessagePack pack needs input.');
    const packer = new Packer();
    for (let i = 1; i <= count; i++) packer.value(valueAt(L, i), 0);
    push(L, concatenate(L, packer.pieces));
    return 1;
  },
  unpack: (L) => unpackSome(L, 0, 0, false),
  unpack_limit: (L) => unpackSome(L, optionalInteger(L, 3, 0), checkInteger(L, 2), true),
  unpack_one: (L) => unpackSome(L, optionalInteger(L, 2, 0), 1, true),
};
