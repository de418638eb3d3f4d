import { createRequire } from 'node:module';
import { adaptModules } from './dialect.ts';

/** A Lua function written in TypeScript: takes its arguments from the stack, pushes its results, returns how many. */
export type LuaFunction = (L: LuaState) => number;

/** A value with its type tag, as it lies on a stack or in a table. */
export interface TaggedValue {
  type: number;
  value: unknown;
}

export interface TableEntry {
  readonly key: TaggedValue;
  /** Undefined once it was removed. */
  readonly value: TaggedValue | undefined;
  /** The next entry, in order of insertion. */
  readonly n: TableEntry | undefined;
}

export interface LuaTable {
  metatable: LuaTable | null;
  /** The first entry. */
  readonly f: TableEntry | undefined;
  readonly strong: ReadonlyMap<unknown, TableEntry>;
  /** Set on the tables that scripts share: they can be read only. */
  isReadOnly?: boolean;
}

export interface CallInfo {
  readonly funcOff: number;
}

/** A thread of a Lua machine: its main one or a coroutine. */
export interface LuaState {
  readonly stack: TaggedValue[];
  readonly top: number;
  readonly ci: CallInfo;
  /** 0 while a hook runs. */
  allowhook: 0 | 1;
  readonly l_G: { readonly mt: (LuaTable | null | undefined)[] };
}

export interface DebugInfo {
  readonly source: Uint8Array;
  readonly short_src: Uint8Array;
  readonly what: Uint8Array;
  readonly currentline: number;
}

/** What is used of Fengari, whose names are those of Lua's C API (https://www.lua.org/manual/5.3/manual.html#4). */
export interface Fengari {
  readonly lua: {
    lua_call(L: LuaState, args: number, results: number): void;
    lua_checkstack(L: LuaState, slots: number): boolean;
    lua_error(L: LuaState): never;
    lua_getinfo(L: LuaState, what: string | Uint8Array, info: DebugInfo): number;
    lua_getstack(L: LuaState, level: number, info: DebugInfo): boolean | number;
    lua_gettop(L: LuaState): number;
    lua_insert(L: LuaState, index: number): void;
    lua_atnativeerror(L: LuaState, handler: LuaFunction): unknown;
    lua_load(
      L: LuaState,
      reader: (L: LuaState, data: { bytes: Uint8Array | null }) => Uint8Array | null,
      data: { bytes: Uint8Array | null },
      chunkName: Uint8Array,
      mode: Uint8Array,
    ): number;
    lua_newtable(L: LuaState): void;
    lua_pcall(L: LuaState, args: number, results: number, handler: number): number;
    lua_pushboolean(L: LuaState, value: boolean): void;
    lua_pushcfunction(L: LuaState, f: LuaFunction): void;
    lua_pushglobaltable(L: LuaState): void;
    lua_pushlightuserdata(L: LuaState, value: unknown): void;
    lua_pushnil(L: LuaState): void;
    lua_pushnumber(L: LuaState, value: number): void;
    lua_pushstring(L: LuaState, value: string | Uint8Array): void;
    lua_pushthread(L: LuaState): boolean;
    lua_pushvalue(L: LuaState, index: number): void;
    lua_remove(L: LuaState, index: number): void;
    lua_replace(L: LuaState, index: number): void;
    lua_sethook(L: LuaState, hook: ((L: LuaState) => void) | null, mask: number, count: number): void;
    lua_setfield(L: LuaState, index: number, name: string): void;
    lua_setmetatable(L: LuaState, index: number): void;
    lua_settop(L: LuaState, index: number): void;
    lua_toboolean(L: LuaState, index: number): boolean;
    /** Null where the value is neither a string nor a number; a number on the stack becomes a string. */
    lua_tolstring(L: LuaState, index: number): Uint8Array | null;
    lua_tonumberx(L: LuaState, index: number): number | false;
    lua_touserdata(L: LuaState, index: number): unknown;
    lua_type(L: LuaState, index: number): number;
    lua_typename(L: LuaState, type: number): Uint8Array;
    readonly lua_Debug: new () => DebugInfo;
    readonly LUA_MASKCOUNT: number;
    readonly LUA_MULTRET: number;
  };
  readonly auxiliary: {
    luaL_argerror(L: LuaState, arg: number, message: string | Uint8Array): never;
    luaL_checkinteger(L: LuaState, arg: number): number;
    luaL_checknumber(L: LuaState, arg: number): number;
    luaL_checkoption(L: LuaState, arg: number, fallback: string | null, options: Uint8Array[]): number;
    luaL_checkstring(L: LuaState, arg: number): Uint8Array;
    luaL_checktype(L: LuaState, arg: number, type: number): void;
    luaL_getmetafield(L: LuaState, index: number, name: string): number;
    luaL_newstate(): LuaState;
    luaL_tolstring(L: LuaState, index: number): Uint8Array;
    luaL_where(L: LuaState, level: number): void;
  };
  readonly tables: {
    luaH_new(L: LuaState): LuaTable;
    luaH_setfrom(L: LuaState, table: LuaTable, key: TaggedValue, value: TaggedValue): void;
    luaH_getn(table: LuaTable): number;
    invalidateTMcache(table: LuaTable): void;
  };
  readonly objects: {
    readonly TValue: new (type: number, value: unknown) => TaggedValue;
    luaO_str2num(text: Uint8Array, into: TaggedValue): number;
  };
  readonly strings: {
    luaS_bless(L: LuaState, bytes: Uint8Array): { getstr(): Uint8Array };
    /** What a string is filed under in a table. */
    luaS_hash(bytes: Uint8Array): string;
  };
  readonly calls: {
    luaD_inctop(L: LuaState): void;
  };
  /** Open functions, each of which leaves its library on the stack. */
  readonly libraries: Record<'base' | 'coroutine' | 'string' | 'table', LuaFunction>;
}

export let lua: Fengari['lua'];
export let auxiliary: Fengari['auxiliary'];
export let tables: Fengari['tables'];
export let objects: Fengari['objects'];
export let strings: Fengari['strings'];
export let calls: Fengari['calls'];
export let libraries: Fengari['libraries'];

/**
 * Loads Fengari, adapted to Lua 5.1, and sets the above. Only then: it is 36 files, and most nodes never see a script.
 * Its io, os, package and debug libraries are loaded by it and given to no script.
 */
export function loadFengari(): void {
  if (lua !== undefined) return;
  const require = createRequire(import.meta.url);
  // biome-ignore lint/suspicious/noExplicitAny: the modules have no types; those above are theirs.
  const load = (file: string): any => require(`fengari/src/${file}.js`);
  adaptModules(load);
  const opening = (file: string, name: string) => load(file)[`luaopen_${name}`] as LuaFunction;
  lua = load('lua');
  auxiliary = load('lauxlib');
  tables = load('ltable');
  objects = load('lobject');
  strings = load('lstring');
  calls = load('ldo');
  libraries = {
    base: opening('lbaselib', 'base'),
    coroutine: opening('lcorolib', 'coroutine'),
    string: opening('lstrlib', 'string'),
    table: opening('ltablib', 'table'),
  };
}
