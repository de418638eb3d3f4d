import { latin1 } from '../../protocol/latin1.ts';
import { compile } from './chunk.ts';
import {
  auxiliary,
  type LuaFunction,
  type LuaState,
  type LuaTable,
  libraries,
  loadFengari,
  lua,
} from './fengari.ts';
import { baseLibrary, type Stopper } from './libraries/base-library.ts';
import { bitLibrary } from './libraries/bit-library.ts';
import { newCjson } from './libraries/cjson/cjson-library.ts';
import { cmsgpackLibrary } from './libraries/cmsgpack-library.ts';
import { coroutineLibrary } from './libraries/coroutine-library.ts';
import { mathLibrary } from './libraries/math-library.ts';
import { stringLibrary } from './libraries/string-library.ts';
import { structLibrary } from './libraries/struct-library.ts';
import { tableLibrary } from './libraries/table-library.ts';
import { asValue, fill, memberOf, newLibrary, raise } from './library.ts';
import {
  bytesOf,
  entriesOf,
  isTable,
  type LuaValue,
  newArray,
  newTable,
  push,
  setEntry,
  valueAt,
} from './values.ts';
import { Watch } from './watch.ts';

const CHUNK_NAME = bytesOf('@user_script');
/** What Lua 5.3's base library has and Redis does not give to scripts. */
const WITHHELD = ['dofile', 'loadfile', 'print', 'rawlen'];
const STRING_TYPE = 4;

/** What a script that failed has thrown: a table with the text under `err`, and where it was. */
export interface Thrown {
  readonly message: string;
  /** Such as `@user_script`; absent where it is not known. */
  readonly source?: string;
  readonly line?: number;
}

export type Outcome = { readonly value: LuaValue } | { readonly thrown: Thrown };

/**
 * A Lua machine as Redis sets it up: Lua 5.1 with cjson, bit, struct and cmsgpack, without files, processes and debug, its globals read only.
 * It keeps compiled functions; nothing else stays from one run to the next.
 */
export class LuaMachine {
  readonly #L: LuaState;
  readonly #globals: LuaTable;
  readonly #watch = new Watch();
  /** An exception that is no error of the script. */
  #bug: unknown;

  /** @param makeRedis makes the table `redis`. */
  constructor(makeRedis: (L: LuaState) => LuaTable) {
    loadFengari();
    const L = auxiliary.luaL_newstate();
    this.#L = L;
    lua.lua_atnativeerror(L, (thread) => this.#nativeError(thread));
    this.#globals = opened(L, libraries.base);
    fillGlobals(L, this.#globals, this.#watch);
    setEntry(L, this.#globals, 'redis', makeRedis(L));
    this.#protectGlobals();
    lua.lua_settop(L, 0);
  }

  /** Compiles a script. @returns its function, or the text of what is wrong. */
  compile(source: Uint8Array): { readonly script: LuaValue } | { readonly wrong: string } {
    const compiled = compile(this.#L, source, CHUNK_NAME);
    const result = valueAt(this.#L, -1);
    lua.lua_settop(this.#L, 0);
    return compiled ? { script: result } : { wrong: Buffer.from(result as Uint8Array).toString() };
  }

  /**
   * Runs a compiled script.
   * @param limitMs after which it is ended with an error; 0: never.
   * @throws what a function called by it threw that is no Lua error: a bug.
   */
  run(script: LuaValue, keys: readonly Uint8Array[], args: readonly Uint8Array[], limitMs: number): Outcome {
    const L = this.#L;
    this.#bug = undefined;
    this.#setGlobal('KEYS', newArray(L, keys));
    this.#setGlobal('ARGV', newArray(L, args));
    this.#watch.begin(L, limitMs);
    try {
      push(L, asValue(describeError));
      push(L, script);
      const status = lua.lua_pcall(L, 0, 1, 1);
      if (this.#bug !== undefined) throw this.#bug;
      const result = valueAt(L, -1);
      return status === 0 ? { value: result } : { thrown: thrownOf(result) };
    } finally {
      this.#watch.end(L);
      lua.lua_settop(L, 0);
      this.#setGlobal('KEYS', newTable(L));
      this.#setGlobal('ARGV', newTable(L));
    }
  }

  #setGlobal(name: string, value: LuaValue): void {
    this.#globals.isReadOnly = false;
    setEntry(this.#L, this.#globals, name, value);
    this.#globals.isReadOnly = true;
  }

  #protectGlobals(): void {
    const L = this.#L;
    const metatable = newTable(L);
    setEntry(L, metatable, '__index', asValue(unknownGlobal));
    this.#globals.metatable = metatable;
    protect(this.#globals);
    const strings = L.l_G.mt[STRING_TYPE];
    if (strings) protect(strings);
  }

  /** Turns an exception that was thrown below a protected call into a Lua error. */
  #nativeError(L: LuaState): number {
    const error = lua.lua_touserdata(L, 1);
    if (error instanceof RangeError) {
      push(L, /call stack/.test(error.message) ? 'stack overflow' : 'not enough memory');
      return 1;
    }
    this.#bug ??= error;
    push(L, 'internal error');
    return 1;
  }
}

/** The table that an open function of Fengari makes. */
function opened(L: LuaState, open: LuaFunction): LuaTable {
  open(L);
  const table = valueAt(L, -1) as LuaTable;
  lua.lua_settop(L, -2);
  return table;
}

function fillGlobals(L: LuaState, globals: LuaTable, stopper: Stopper): void {
  fill(L, globals, baseLibrary(memberOf(globals, 'next'), stopper));
  for (const name of WITHHELD) setEntry(L, globals, name, undefined);
  const table = newLibrary(L, { ...tableLibrary, sort: memberOf(opened(L, libraries.table), 'sort') });
  // Strings have the table that Fengari opens as their methods, so that one is filled.
  const string = opened(L, libraries.string);
  const functions = stringLibrary(string);
  for (const [name] of [...entriesOf(string)]) setEntry(L, string, name, undefined);
  fill(L, string, functions);
  const coroutines = newLibrary(L, coroutineLibrary(opened(L, libraries.coroutine), stopper));
  setEntry(L, globals, 'coroutine', coroutines);
  setEntry(L, globals, 'string', string);
  setEntry(L, globals, 'table', table);
  setEntry(L, globals, 'math', newLibrary(L, mathLibrary()));
  setEntry(L, globals, 'bit', newLibrary(L, bitLibrary));
  setEntry(L, globals, 'cjson', newCjson(L));
  setEntry(L, globals, 'cmsgpack', newLibrary(L, cmsgpackLibrary));
  setEntry(L, globals, 'struct', newLibrary(L, structLibrary));
}

/** Makes a table, what is in it and its metatable read only. */
function protect(table: LuaTable): void {
  if (table.isReadOnly) return;
  table.isReadOnly = true;
  if (table.metatable !== null) protect(table.metatable);
  for (const [, value] of entriesOf(table)) if (isTable(value)) protect(value);
}

const unknownGlobal: LuaFunction = (L) => {
  const name = valueAt(L, 2);
  const shown = name instanceof Uint8Array ? latin1(name) : String(name);
  return raise(L, `Script attempted to access nonexistent global variable '${shown}'`);
};

/** Puts what was thrown into a table, and into that where it happened. */
const describeError: LuaFunction = (L) => {
  const thrown = valueAt(L, 1);
  let table = thrown;
  if (!isTable(table)) {
    auxiliary.luaL_tolstring(L, 1);
    const text = valueAt(L, -1) as Uint8Array;
    table = newTable(L);
    setEntry(L, table, 'err', bytesOf(`ERR ${latin1(text)}`));
  }
  const info = new lua.lua_Debug();
  for (const level of [1, 2]) {
    if (table.isReadOnly || !lua.lua_getstack(L, level, info)) break;
    lua.lua_getinfo(L, 'Sl', info);
    if (info.currentline < 0 && level === 1) continue;
    setEntry(L, table, 'source', new Uint8Array(info.source));
    setEntry(L, table, 'line', info.currentline);
    break;
  }
  push(L, table);
  return 1;
};

function thrownOf(value: LuaValue): Thrown {
  if (!isTable(value))
    return { message: `ERR ${value instanceof Uint8Array ? latin1(value) : 'unknown error'}` };
  const fields = new Map(
    [...entriesOf(value)].map(([key, v]) => [key instanceof Uint8Array ? latin1(key) : key, v]),
  );
  const text = (name: string) => {
    const field = fields.get(name);
    return field instanceof Uint8Array ? Buffer.from(field).toString() : undefined;
  };
  const source = text('source');
  const line = fields.get('line');
  const message = text('err') ?? 'ERR unknown error';
  return source !== undefined && typeof line === 'number' ? { message, source, line } : { message };
}
