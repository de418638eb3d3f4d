import { auxiliary, type LuaState, lua } from '../fengari.ts';
import {
  argumentCount,
  checkBytes,
  checkFunction,
  checkInteger,
  checkTable,
  type Library,
  optionalInteger,
  raise,
} from '../library.ts';
import {
  entriesOf,
  getEntry,
  type LuaValue,
  lengthOf,
  push,
  setEntry,
  typeNameOf,
  valueAt,
} from '../values.ts';
import { concatenate, textOf } from './text.ts';

/** Calls the function at 2 with a key and a value. @returns whether it gave something, which is then on the stack. */
function visit(L: LuaState, key: LuaValue, value: LuaValue): boolean {
  lua.lua_pushvalue(L, 2);
  push(L, key);
  push(L, value);
  lua.lua_call(L, 2, 1);
  if (valueAt(L, -1) !== undefined) return true;
  lua.lua_settop(L, -2);
  return false;
}

/** Lua 5.1's table functions; `sort` is Fengari's. */
export const tableLibrary: Library = {
  concat(L) {
    const table = checkTable(L, 1);
    const separator = lua.lua_type(L, 2) <= 0 ? new Uint8Array(0) : checkBytes(L, 2);
    const first = optionalInteger(L, 3, 1);
    const last = lua.lua_type(L, 4) <= 0 ? lengthOf(table) : checkInteger(L, 4);
    const pieces: Uint8Array[] = [];
    for (let i = first; i <= last; i++) {
      const value = getEntry(table, i);
      const piece = textOf(value);
      if (piece === undefined) {
        raise(L, `invalid value (${typeNameOf(value)}) at index ${i} in table for 'concat'`);
      }
      if (i > first && separator.length > 0) pieces.push(separator);
      pieces.push(piece);
    }
    push(L, concatenate(L, pieces));
    return 1;
  },
  foreach(L) {
    const table = checkTable(L, 1);
    checkFunction(L, 2);
    for (const [key, value] of entriesOf(table)) if (visit(L, key, value)) return 1;
    return 0;
  },
  foreachi(L) {
    const table = checkTable(L, 1);
    checkFunction(L, 2);
    const count = lengthOf(table);
    for (let i = 1; i <= count; i++) if (visit(L, i, getEntry(table, i))) return 1;
    return 0;
  },
  getn(L) {
    push(L, lengthOf(checkTable(L, 1)));
    return 1;
  },
  insert(L) {
    const table = checkTable(L, 1);
    let end = lengthOf(table) + 1;
    let position = end;
    const count = argumentCount(L);
    if (count !== 2 && count !== 3) raise(L, "wrong number of arguments to 'insert'");
    if (count === 3) {
      position = checkInteger(L, 2);
      if (position > end) end = position;
      for (let i = end; i > position; i--) setEntry(L, table, i, getEntry(table, i - 1));
    }
    setEntry(L, table, position, valueAt(L, count));
    return 0;
  },
  maxn(L) {
    let largest = 0;
    for (const [key] of entriesOf(checkTable(L, 1))) {
      if (typeof key === 'number' && key > largest) largest = key;
    }
    push(L, largest);
    return 1;
  },
  remove(L) {
    const table = checkTable(L, 1);
    const end = lengthOf(table);
    const position = optionalInteger(L, 2, end);
    if (position < 1 || position > end) return 0;
    push(L, getEntry(table, position));
    for (let i = position; i < end; i++) setEntry(L, table, i, getEntry(table, i + 1));
    setEntry(L, table, end, undefined);
    return 1;
  },
  setn(L) {
    auxiliary.luaL_checktype(L, 1, 5);
    return raise(L, "'setn' is obsolete");
  },
};
