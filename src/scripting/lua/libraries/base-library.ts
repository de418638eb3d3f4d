import { latin1 } from '../../../protocol/latin1.ts';
import { compile } from '../chunk.ts';
import { auxiliary, type LuaFunction, type LuaState, lua } from '../fengari.ts';
import {
  argumentCount,
  badArgument,
  checkAny,
  checkBytes,
  checkFunction,
  checkInteger,
  checkTable,
  type Library,
  optionalInteger,
  raise,
} from '../library.ts';
import {
  bytesOf,
  getEntry,
  isTable,
  lengthOf,
  NULL_POINTER,
  Opaque,
  push,
  setEntry,
  valueAt,
} from '../values.ts';
import { concatenate } from './text.ts';

const COLLECT_OPTIONS = ['stop', 'restart', 'collect', 'count', 'step', 'setpause', 'setstepmul'];
const COLLECT_OPTION_BYTES = COLLECT_OPTIONS.map(bytesOf);
const COUNT = COLLECT_OPTIONS.indexOf('count');

function heapKilobytes(): number {
  return process.memoryUsage.rss() / 1024;
}

/** Compiles and gives the function, or nil and what is wrong. */
function loadChunk(L: LuaState, source: Uint8Array, chunkName: Uint8Array): number {
  if (compile(L, source, chunkName)) return 1;
  push(L, undefined);
  lua.lua_insert(L, -2);
  return 2;
}

function load(L: LuaState): number {
  checkFunction(L, 1);
  const chunkName = lua.lua_type(L, 2) <= 0 ? bytesOf('=(load)') : checkBytes(L, 2);
  const pieces: Uint8Array[] = [];
  for (;;) {
    lua.lua_pushvalue(L, 1);
    lua.lua_call(L, 0, 1);
    const piece = valueAt(L, -1);
    lua.lua_settop(L, -2);
    if (piece === undefined || (piece instanceof Uint8Array && piece.length === 0)) break;
    if (!(piece instanceof Uint8Array)) raise(L, 'reader function must return a string');
    pieces.push(piece);
  }
  return loadChunk(L, concatenate(L, pieces), chunkName);
}

function error(L: LuaState): number {
  const level = optionalInteger(L, 2, 1);
  lua.lua_settop(L, 1);
  const value = valueAt(L, 1);
  if (level > 0 && (value instanceof Uint8Array || typeof value === 'number')) {
    auxiliary.luaL_where(L, level);
    const where = valueAt(L, -1) as Uint8Array;
    const message = checkBytes(L, 1);
    push(L, concatenate(L, [where, message]));
  }
  return lua.lua_error(L);
}

function toNumber(L: LuaState): number {
  const base = optionalInteger(L, 2, 10);
  if (base === 10) {
    checkAny(L, 1);
    const number = lua.lua_tonumberx(L, 1);
    push(L, number === false ? undefined : number);
    return 1;
  }
  const text = latin1(checkBytes(L, 1)).trim().toLowerCase();
  if (base < 2 || base > 36) badArgument(L, 2, 'base out of range');
  push(L, parseInBase(text, base));
  return 1;
}

/** As C's `strtoul` reads it. */
function parseInBase(text: string, base: number): number | undefined {
  const match = /^([+-]?)(0x)?([0-9a-z]+)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, prefix = '', rest = ''] = match;
  const digits = base === 16 ? rest : prefix + rest;
  let value = 0;
  for (const digit of digits) {
    const weight = Number.parseInt(digit, 36);
    if (weight >= base) return undefined;
    value = value * base + weight;
  }
  return sign === '-' && value > 0 ? 2 ** 64 - value : value;
}

function select(L: LuaState): number {
  const count = argumentCount(L);
  const which = valueAt(L, 1);
  if (which instanceof Uint8Array && which[0] === 0x23) {
    push(L, count - 1);
    return 1;
  }
  const index = checkInteger(L, 1);
  const from = index < 0 ? count + index : Math.min(index, count);
  if (from < 1) badArgument(L, 1, 'index out of range');
  return count - from;
}

function unpack(L: LuaState): number {
  const table = checkTable(L, 1);
  const first = optionalInteger(L, 2, 1);
  const last = lua.lua_type(L, 3) <= 0 ? lengthOf(table) : checkInteger(L, 3);
  const count = last - first + 1;
  if (count <= 0) return 0;
  if (!lua.lua_checkstack(L, count)) raise(L, 'too many results to unpack');
  for (let i = first; i <= last; i++) push(L, getEntry(table, i));
  return count;
}

const nextIndex: LuaFunction = (L) => {
  const index = checkInteger(L, 2) + 1;
  const value = getEntry(checkTable(L, 1), index);
  if (value === undefined) return 0;
  push(L, index);
  push(L, value);
  return 2;
};

/** What a script that has to end must not catch. */
export interface Stopper {
  /** Raises the error again, once the script has to end. */
  rethrow(L: LuaState): void;
}

/** Redis's `pcall`: an error table that has an `err` gives that text. */
function protectedCall(stopper: Stopper): LuaFunction {
  return (L) => {
    checkAny(L, 1);
    if (lua.lua_pcall(L, argumentCount(L) - 1, lua.LUA_MULTRET, 0) === 0) {
      push(L, true);
      lua.lua_insert(L, 1);
      return argumentCount(L);
    }
    stopper.rethrow(L);
    const thrown = valueAt(L, -1);
    const message = isTable(thrown) ? getEntry(thrown, 'err') : undefined;
    lua.lua_settop(L, 0);
    push(L, false);
    push(L, message instanceof Uint8Array ? message : thrown);
    return 2;
  };
}

function protectedCallWithHandler(stopper: Stopper): LuaFunction {
  return (L) => {
    checkAny(L, 2);
    lua.lua_settop(L, 2);
    lua.lua_insert(L, 1);
    const status = lua.lua_pcall(L, 0, lua.LUA_MULTRET, 1);
    if (status !== 0) stopper.rethrow(L);
    push(L, status === 0);
    lua.lua_replace(L, 1);
    return argumentCount(L);
  };
}

/** Lua 5.1's base library, as far as Redis leaves it to scripts; `getmetatable`, `next` and the `raw` functions are Fengari's. */
export function baseLibrary(next: LuaFunction, stopper: Stopper): Library {
  const nextValue = new Opaque({ type: 22, value: next });
  const nextIndexValue = new Opaque({ type: 22, value: nextIndex });
  return {
    _VERSION: 'Lua 5.1',
    assert(L) {
      checkAny(L, 1);
      if (lua.lua_toboolean(L, 1)) return argumentCount(L);
      const message = lua.lua_type(L, 2) <= 0 ? bytesOf('assertion failed!') : checkBytes(L, 2);
      return raise(L, latin1(message));
    },
    collectgarbage(L) {
      const option = auxiliary.luaL_checkoption(L, 1, 'collect', COLLECT_OPTION_BYTES);
      push(L, option === COUNT ? heapKilobytes() : 0);
      return 1;
    },
    error,
    gcinfo(L) {
      push(L, Math.floor(heapKilobytes()));
      return 1;
    },
    ipairs(L) {
      const table = checkTable(L, 1);
      push(L, nextIndexValue);
      push(L, table);
      push(L, 0);
      return 3;
    },
    load,
    loadstring(L) {
      const source = checkBytes(L, 1);
      return loadChunk(L, source, lua.lua_type(L, 2) <= 0 ? source : checkBytes(L, 2));
    },
    pairs(L) {
      const table = checkTable(L, 1);
      push(L, nextValue);
      push(L, table);
      push(L, undefined);
      return 3;
    },
    pcall: protectedCall(stopper),
    select,
    setmetatable(L) {
      const table = checkTable(L, 1);
      const metatable = valueAt(L, 2);
      if (!isTable(metatable) && !(metatable === undefined && argumentCount(L) > 1)) {
        badArgument(L, 2, 'nil or table expected');
      }
      if (auxiliary.luaL_getmetafield(L, 1, '__metatable') !== 0)
        raise(L, 'cannot change a protected metatable');
      // Setting an entry of a shared table is what fails, as it should.
      if (table.isReadOnly) setEntry(L, table, 'metatable', true);
      lua.lua_settop(L, 2);
      lua.lua_setmetatable(L, 1);
      return 1;
    },
    tonumber: toNumber,
    tostring(L) {
      checkAny(L, 1);
      if (valueAt(L, 1) === NULL_POINTER) push(L, 'userdata: (nil)');
      else auxiliary.luaL_tolstring(L, 1);
      return 1;
    },
    unpack,
    xpcall: protectedCallWithHandler(stopper),
  };
}
