import {
  calls,
  type LuaState,
  type LuaTable,
  objects,
  strings,
  type TaggedValue,
  tables,
} from './fengari.ts';

const NIL = 0;
const BOOLEAN = 1;
const LIGHT_USERDATA = 2;
const NUMBER = 3;
const STRING = 4;
const TABLE = 5;
/** The low bits of a tag are the type, the high ones its variant. */
const TYPE_MASK = 0x0f;
const LONG_STRING = 20;

/** A function, coroutine or userdata: passed on, never looked into. */
export class Opaque {
  readonly tagged: TaggedValue;
  constructor(tagged: TaggedValue) {
    this.tagged = tagged;
  }

  get typeName(): string {
    switch (this.tagged.type & TYPE_MASK) {
      case 6:
        return 'function';
      case 8:
        return 'thread';
      default:
        return 'userdata';
    }
  }
}

/** The null pointer, which cjson and cmsgpack have for null. */
export class NullPointer {
  readonly isNull = true;
}
export const NULL_POINTER = new NullPointer();

/** A Lua value as TypeScript sees it: nil is undefined, a string its bytes (never to be changed), a table itself. */
export type LuaValue = undefined | boolean | number | Uint8Array | LuaTable | NullPointer | Opaque;

export function isTable(value: LuaValue): value is LuaTable {
  return typeof value === 'object' && 'strong' in value;
}

function fromTagged(tagged: TaggedValue): LuaValue {
  switch (tagged.type & TYPE_MASK) {
    case NIL:
      return undefined;
    case BOOLEAN:
      return tagged.value === true || tagged.value === 1;
    case NUMBER:
      return tagged.value as number;
    case STRING:
      return (tagged.value as { getstr(): Uint8Array }).getstr();
    case TABLE:
      return tagged.value as LuaTable;
    case LIGHT_USERDATA:
      return tagged.value === NULL_POINTER ? NULL_POINTER : new Opaque(tagged);
    default:
      return new Opaque({ type: tagged.type, value: tagged.value });
  }
}

/** @param value a string (JavaScript's, to be encoded as UTF-8) as well. Bytes are taken over, not copied. */
function toTagged(L: LuaState, value: LuaValue | string): TaggedValue {
  switch (typeof value) {
    case 'undefined':
      return new objects.TValue(NIL, null);
    case 'boolean':
      return new objects.TValue(BOOLEAN, value);
    case 'number':
      return new objects.TValue(NUMBER, value);
    case 'string':
      return new objects.TValue(LONG_STRING, strings.luaS_bless(L, new Uint8Array(Buffer.from(value))));
  }
  if (value instanceof Uint8Array) return new objects.TValue(LONG_STRING, strings.luaS_bless(L, value));
  if (value instanceof Opaque) return new objects.TValue(value.tagged.type, value.tagged.value);
  if (value === NULL_POINTER) return new objects.TValue(LIGHT_USERDATA, NULL_POINTER);
  return new objects.TValue(TABLE, value);
}

/** The argument or local at a positive stack index, or counted from the top at a negative one; undefined for none as for nil. */
export function valueAt(L: LuaState, index: number): LuaValue {
  const at = index > 0 ? L.ci.funcOff + index : L.top + index;
  const tagged = at < L.top ? L.stack[at] : undefined;
  return tagged === undefined ? undefined : fromTagged(tagged);
}

export function push(L: LuaState, value: LuaValue | string): void {
  const tagged = toTagged(L, value);
  calls.luaD_inctop(L);
  const slot = L.stack[L.top - 1] as TaggedValue;
  slot.type = tagged.type;
  slot.value = tagged.value;
}

export function newTable(L: LuaState): LuaTable {
  return tables.luaH_new(L);
}

/** A table with the values at 1, 2, .. */
export function newArray(L: LuaState, values: Iterable<LuaValue | string>): LuaTable {
  const table = newTable(L);
  let index = 1;
  for (const value of values) setEntry(L, table, index++, value);
  return table;
}

/** Sets without metamethods. @throws a Lua error when the table is read only. */
export function setEntry(
  L: LuaState,
  table: LuaTable,
  key: LuaValue | string,
  value: LuaValue | string,
): void {
  tables.luaH_setfrom(L, table, toTagged(L, key), toTagged(L, value));
  tables.invalidateTMcache(table);
}

/** Reads without metamethods. */
export function getEntry(table: LuaTable, key: string | number): LuaValue {
  const hash = typeof key === 'number' ? key : `|${key}`;
  const entry = table.strong.get(hash);
  return entry?.value === undefined ? undefined : fromTagged(entry.value);
}

/** A border of the table: what `#` gives. */
export function lengthOf(table: LuaTable): number {
  return tables.luaH_getn(table);
}

/** The entries in order. What is removed on the way is left out. */
export function* entriesOf(table: LuaTable): Iterable<[LuaValue, LuaValue]> {
  for (let entry = table.f; entry !== undefined; entry = entry.n) {
    if (entry.value !== undefined) yield [fromTagged(entry.key), fromTagged(entry.value)];
  }
}

/** Lua's name for the type. */
export function typeNameOf(value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'boolean':
      return 'boolean';
    case 'number':
      return 'number';
  }
  if (value instanceof Uint8Array) return 'string';
  if (value instanceof Opaque) return value.typeName;
  return isTable(value) ? 'table' : 'userdata';
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
