import { bytesOf, latin1 } from '../../protocol/latin1.ts';
import type { StoredValue } from '../keyspace.ts';
import { HashValue } from '../values/hash-value.ts';
import { ListValue } from '../values/list-value.ts';
import { SetValue } from '../values/set-value.ts';
import { SortedSetValue } from '../values/sorted-set-value.ts';
import { FormatError } from './format-error.ts';
import { intsetElements, listpackElements, ziplistElements } from './packed-lists.ts';
import type { RdbReader } from './rdb-reader.ts';
import type { RdbWriter } from './rdb-writer.ts';

/** A value of one of Redis's own types. */
export type NativeValue = Exclude<StoredValue, { type: 'tensor' | 'model' | 'script' | 'experiment' }>;

export function isNative(value: StoredValue): value is NativeValue {
  return !['tensor', 'model', 'script', 'experiment'].includes(value.type);
}

/** RDB's type bytes (rdb.h). The plain forms are written, every Redis reads them; the packed ones are read too, since Redis writes them. */
const STRING = 0;
const LIST = 1;
const SET = 2;
const SORTED_SET_TEXT = 3;
const HASH = 4;
const SORTED_SET = 5;
const LIST_ZIPLIST = 10;
const SET_INTSET = 11;
const SORTED_SET_ZIPLIST = 12;
const HASH_ZIPLIST = 13;
const LIST_QUICKLIST = 14;
const HASH_LISTPACK = 16;
const SORTED_SET_LISTPACK = 17;
const LIST_QUICKLIST_2 = 18;
const SET_LISTPACK = 20;

/** A node of a quicklist that holds one element as it is. */
const PLAIN_NODE = 1;

export function encodeNative(writer: RdbWriter, value: NativeValue): void {
  switch (value.type) {
    case 'string':
      writer.byte(STRING);
      writer.string(value.bytes);
      break;
    case 'list':
      writer.byte(LIST);
      writer.length(value.list.length);
      for (const element of value.list.slice(0, value.list.length)) writer.string(bytesOf(element));
      break;
    case 'set':
      writer.byte(SET);
      writer.length(value.set.length);
      for (const member of value.set.members()) writer.string(bytesOf(member));
      break;
    case 'zset':
      writer.byte(SORTED_SET);
      writer.length(value.zset.length);
      for (const { member, score } of value.zset.slice(0, value.zset.length)) {
        writer.string(bytesOf(member));
        writer.double(score);
      }
      break;
    case 'hash':
      writer.byte(HASH);
      writer.length(value.hash.length);
      for (const [field, content] of value.hash.entries()) {
        writer.string(bytesOf(field));
        writer.string(content);
      }
      break;
  }
}

/** @throws FormatError when the bytes are no value of that type, or the type is none that is known here (streams are not). */
export function decodeNative(reader: RdbReader, type: number): NativeValue {
  switch (type) {
    case STRING:
      return { type: 'string', bytes: Uint8Array.from(reader.string()) };
    case LIST:
      return list(elements(reader, reader.count()));
    case SET:
      return set(elements(reader, reader.count()));
    case HASH:
      return hash(elements(reader, reader.count() * 2));
    case SORTED_SET:
    case SORTED_SET_TEXT: {
      const pairs = Array.from({ length: reader.count() }, (): [Uint8Array, number] => [
        reader.string(),
        type === SORTED_SET ? reader.double() : reader.textDouble(),
      ]);
      return sortedSet(pairs);
    }
    case LIST_ZIPLIST:
      return list(ziplistElements(reader.string()));
    case SET_INTSET:
      return set(intsetElements(reader.string()));
    case SET_LISTPACK:
      return set(listpackElements(reader.string()));
    case SORTED_SET_ZIPLIST:
      return sortedSet(scored(ziplistElements(reader.string())));
    case SORTED_SET_LISTPACK:
      return sortedSet(scored(listpackElements(reader.string())));
    case HASH_ZIPLIST:
      return hash(ziplistElements(reader.string()));
    case HASH_LISTPACK:
      return hash(listpackElements(reader.string()));
    case LIST_QUICKLIST:
      return list(elements(reader, reader.count()).flatMap(ziplistElements));
    case LIST_QUICKLIST_2: {
      const nodes = Array.from({ length: reader.count() }, () => {
        const container = reader.length();
        const bytes = reader.string();
        return container === PLAIN_NODE ? [bytes] : listpackElements(bytes);
      });
      return list(nodes.flat());
    }
    default:
      throw new FormatError('unknown type');
  }
}

function elements(reader: RdbReader, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => reader.string());
}

function list(items: readonly Uint8Array[]): NativeValue {
  const value = new ListValue();
  for (const item of items) value.push('right', latin1(item));
  return { type: 'list', list: filled(value) };
}

function set(items: readonly Uint8Array[]): NativeValue {
  const value = new SetValue();
  for (const item of items) if (!value.add(latin1(item))) throw new FormatError('a member comes twice');
  return { type: 'set', set: filled(value) };
}

function hash(items: readonly Uint8Array[]): NativeValue {
  if (items.length % 2 !== 0) throw new FormatError('a field has no value');
  const value = new HashValue();
  for (let i = 0; i < items.length; i += 2) {
    const isNew = value.set(latin1(items[i] as Uint8Array), Uint8Array.from(items[i + 1] as Uint8Array));
    if (!isNew) throw new FormatError('a field comes twice');
  }
  return { type: 'hash', hash: filled(value) };
}

function scored(items: readonly Uint8Array[]): [Uint8Array, number][] {
  if (items.length % 2 !== 0) throw new FormatError('a member has no score');
  return Array.from({ length: items.length / 2 }, (_, i) => [
    items[2 * i] as Uint8Array,
    Number(latin1(items[2 * i + 1] as Uint8Array).replace(/^(-?)inf$/, '$1Infinity')),
  ]);
}

function sortedSet(pairs: readonly (readonly [Uint8Array, number])[]): NativeValue {
  const value = new SortedSetValue();
  for (const [member, score] of pairs) {
    if (Number.isNaN(score)) throw new FormatError('a score is not a number');
    if (!value.set(latin1(member), score)) throw new FormatError('a member comes twice');
  }
  return { type: 'zset', zset: filled(value) };
}

/** Redis has no empty collections. */
function filled<T extends { readonly length: number }>(value: T): T {
  if (value.length === 0) throw new FormatError('empty');
  return value;
}
