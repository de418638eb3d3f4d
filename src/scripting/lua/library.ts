import { latin1 } from '../../protocol/latin1.ts';
import { auxiliary, type LuaFunction, type LuaState, type LuaTable, lua } from './fengari.ts';
import { bytesOf, getEntry, newTable, Opaque, push, setEntry, valueAt } from './values.ts';

const FUNCTION = 22;
const NONE = -1;

/** A library: a table of functions and constants. */
export type Library = Record<string, LuaFunction | string | number>;

/** Adds functions and constants to a table. */
export function fill(L: LuaState, table: LuaTable, library: Library): void {
  for (const [name, member] of Object.entries(library)) {
    setEntry(L, table, name, typeof member === 'function' ? asValue(member) : member);
  }
}

export function newLibrary(L: LuaState, library: Library): LuaTable {
  const table = newTable(L);
  fill(L, table, library);
  return table;
}

/** A function of TypeScript as a Lua value. */
export function asValue(f: LuaFunction): Opaque {
  return new Opaque({ type: FUNCTION, value: f });
}

/** A function that an open function of Fengari has put into its library. */
export function memberOf(table: LuaTable, name: string): LuaFunction {
  return (getEntry(table, name) as Opaque).tagged.value as LuaFunction;
}

/** Raises an error whose text begins with where it happened. @param message one character a byte. */
export function raise(L: LuaState, message: string): never {
  auxiliary.luaL_where(L, 1);
  const where = valueAt(L, -1) as Uint8Array;
  push(L, bytesOf(latin1(where) + message));
  return lua.lua_error(L);
}

/** Raises a `bad argument`. */
export function badArgument(L: LuaState, index: number, message: string): never {
  return auxiliary.luaL_argerror(L, index, message);
}

export function checkAny(L: LuaState, index: number): void {
  if (lua.lua_type(L, index) === NONE) badArgument(L, index, 'value expected');
}

export function checkTable(L: LuaState, index: number): LuaTable {
  auxiliary.luaL_checktype(L, index, 5);
  return valueAt(L, index) as LuaTable;
}

export function checkFunction(L: LuaState, index: number): void {
  auxiliary.luaL_checktype(L, index, 6);
}

/** A number, or a string that is one. */
export function checkNumber(L: LuaState, index: number): number {
  return auxiliary.luaL_checknumber(L, index);
}

/** As checkNumber, the fraction cut off; what does not fit 32 bits becomes the smallest. */
export function checkInteger(L: LuaState, index: number): number {
  return auxiliary.luaL_checkinteger(L, index);
}

export function optionalInteger(L: LuaState, index: number, fallback: number): number {
  return lua.lua_type(L, index) <= 0 ? fallback : checkInteger(L, index);
}

/** A string, or a number as its text. */
export function checkBytes(L: LuaState, index: number): Uint8Array {
  return auxiliary.luaL_checkstring(L, index);
}

export function argumentCount(L: LuaState): number {
  return lua.lua_gettop(L);
}
