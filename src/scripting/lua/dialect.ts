import { latin1 } from '../../protocol/latin1.ts';
import type { LuaState } from './fengari.ts';
import { formatNumber, parseNumber } from './number-text.ts';

/** A module of Fengari: CommonJS, whose exports can be changed as long as nobody has taken them yet. */
// biome-ignore lint/suspicious/noExplicitAny: the modules have no types; fengari.ts gives them where they are used.
type Module = any;
// biome-ignore lint/suspicious/noExplicitAny: as above.
type Value = any;

/** Raises an error in a script. */
type Fail = (L: Value, message: string) => never;

/** Longest string that a script can make, bytes: Redis's longest bulk string. */
export const MAX_STRING_BYTES = 512 * 1024 * 1024;
/** Slots of a Lua stack: recursion ends with `stack overflow` before memory does. */
const MAX_STACK_SLOTS = 100_000;
/** What a C compiler's cast to int gives for what is out of range, on x86-64. */
const OUT_OF_RANGE = -2147483648;
/** From this length on a string takes time and memory enough to be looked at. */
const LARGE_STRING_BYTES = 1024 * 1024;

let largeString: ((L: LuaState) => void) | null = null;

/** @param look called each time that a long string is made; what it throws ends the script. */
export function onLargeString(look: (L: LuaState) => void): void {
  largeString = look;
}

/**
 * Makes Fengari, which is Lua 5.3 with integers of 32 bits, speak Lua 5.1 as Redis has it: all numbers are doubles, `tostring(1)` is `1`,
 * and errors are worded as 5.1 words them. The order matters: a module takes what it needs from another when it is loaded, so
 * each is changed before the ones that use it come.
 */
export function adaptModules(loadModule: (file: string) => unknown): void {
  const load = (file: string) => loadModule(file) as Module;
  const fail: Fail = (L, message): never => {
    throw load('ldebug').luaG_runerror(L, text(message));
  };
  adaptTypes(load('defs'));
  adaptSettings(load('luaconf'));
  adaptArithmetic(load('llimits'));
  adaptStrings(load('lstring'), fail);
  // The rest refer to each other; this is where the circle can be entered.
  load('lua');
  adaptObjects(load('lobject'), load('defs'));
  adaptMachine(load('lvm'));
  adaptTables(load('ltable'), load('defs'), fail);
  adaptMetamethods(load('ltm'));
  adaptBuffers(load('lauxlib'), fail);
  load('lualib');
}

/** With one tag for both kinds of number, whatever makes an integer makes a double. */
function adaptTypes(defs: Module): void {
  defs.constant_types.LUA_TNUMINT = defs.constant_types.LUA_TNUMFLT;
}

function adaptSettings(luaconf: Module): void {
  luaconf.LUA_COMPAT_FLOATSTRING = true;
  luaconf.LUAI_MAXSTACK = MAX_STACK_SLOTS;
  luaconf.lua_number2str = formatNumber;
}

function adaptArithmetic(llimits: Module): void {
  llimits.luai_nummod = (_: Value, a: number, b: number) => a - Math.floor(a / b) * b;
}

function adaptStrings(lstring: Module, fail: Fail): void {
  const { TString } = lstring;
  // Fengari's own writes bytes below 16 with one digit, so that "\x01\x11" and "\x11\x01" are the same key, and its order is not that of bytes.
  lstring.luaS_hash = (bytes: Uint8Array) => `|${latin1(bytes)}`;
  lstring.luaS_hashlongstr = (string: Value) => {
    string.hash ??= lstring.luaS_hash(string.realstring);
    return string.hash;
  };
  lstring.luaS_eqlngstr = (a: Value, b: Value) =>
    a === b ||
    (a.realstring.length === b.realstring.length && Buffer.compare(a.realstring, b.realstring) === 0);
  lstring.luaS_bless = (L: Value, bytes: Uint8Array) => {
    if (bytes.length >= LARGE_STRING_BYTES) {
      if (bytes.length > MAX_STRING_BYTES) fail(L, 'string length overflow');
      largeString?.(L);
    }
    return new TString(L, bytes);
  };
  // No arrow: Fengari calls it with `new` in places.
  lstring.luaS_new = function luaS_new(L: Value, bytes: Uint8Array) {
    return lstring.luaS_bless(L, new Uint8Array(bytes));
  };
}

function adaptObjects(lobject: Module, defs: Module): void {
  lobject.TValue.prototype.ttisinteger = () => false;
  lobject.luaO_str2num = (bytes: Uint8Array, into: Value) => {
    const end = bytes.indexOf(0);
    const length = end < 0 ? bytes.length : end;
    const value = parseNumber(Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1'));
    if (value === undefined) return 0;
    into.setfltvalue(value);
    return length + 1;
  };
  const { luaO_pushvfstring } = lobject;
  lobject.luaO_pushvfstring = (L: Value, format: Uint8Array, args: Value[]) => {
    const worded = word(Buffer.from(format).toString('latin1'), args, defs.to_jsstring);
    if (worded === undefined) return luaO_pushvfstring(L, format, args);
    return luaO_pushvfstring(L, text(worded.format), worded.args);
  };
}

/** Texts that differ between the versions and name nothing. */
const WORDS: Record<string, string> = {
  'JS stack overflow': 'C stack overflow',
  'attempt to yield across a JS-call boundary': 'attempt to yield across metamethod/C-call boundary',
  'attempt to yield from outside a coroutine': 'attempt to yield across metamethod/C-call boundary',
  'invalid capture index %%%d': 'invalid capture index',
};

/** The error as Lua 5.1 words it, where that differs. */
function word(
  format: string,
  args: Value[],
  decode: (bytes: Uint8Array) => string,
): { format: string; args: Value[] } | undefined {
  const plain = WORDS[format];
  if (plain !== undefined) return { format: plain, args };
  if (format !== 'attempt to %s a %s value%s') return undefined;
  // 5.3: attempt to index a nil value (field 'x'); 5.1: attempt to index field 'x' (a nil value)
  const [operation, type, variable] = args as [Uint8Array, Uint8Array, Uint8Array];
  const named = /^ \((\w+) '(.*)'\)$/s.exec(decode(variable));
  if (named === null || named[1] === 'constant' || named[1] === 'for') {
    return { format: 'attempt to %s a %s value', args: [operation, type] };
  }
  return {
    format: 'attempt to %s %s (a %s value)',
    args: [operation, text(`${named[1]} '${named[2]}'`), type],
  };
}

function adaptMachine(lvm: Module): void {
  // Where the C API wants an integer, 5.1 cuts the fraction off.
  lvm.tointeger = (value: Value) => {
    const number = lvm.tonumber(value);
    if (number === false) return false;
    const whole = Math.trunc(number);
    return (whole | 0) === whole ? whole | 0 : OUT_OF_RANGE;
  };
}

/** The keys that were removed since the last insertion: a Map that costs nothing while there are none, for each insertion clears it. */
class RemovedKeys {
  #keys: Map<unknown, unknown> | null = null;

  get(key: unknown): unknown {
    return this.#keys?.get(key);
  }

  set(key: unknown, entry: unknown): void {
    this.#keys ??= new Map();
    this.#keys.set(key, entry);
  }

  clear(): void {
    this.#keys = null;
  }
}

/**
 * Moves the entry that was put last next to its neighbour in number, so that `pairs` goes through an array in order, as it does in C:
 * Fengari fills a constructor's array from its end, and keeps tables in order of insertion.
 */
function keepInOrder(table: Value): void {
  const entry = table.l;
  const previous = entry.p;
  const key = entry.key.value;
  if (typeof key !== 'number' || !previous || previous.key.value === key - 1) return;
  const smaller = table.strong.get(key - 1);
  const larger = smaller === undefined ? table.strong.get(key + 1) : smaller.n;
  if (larger === undefined || larger === entry) return;
  previous.n = undefined;
  table.l = previous;
  entry.p = larger.p;
  entry.n = larger;
  if (larger.p) larger.p.n = entry;
  else table.f = entry;
  larger.p = entry;
}

function adaptTables(ltable: Module, defs: Module, fail: Fail): void {
  const { luaH_setfrom, luaH_setint, luaH_new } = ltable;
  const { LUA_TNIL } = defs.constant_types;
  const inOrder = (table: Value, value: Value, set: () => void) => {
    const last = table.l;
    set();
    if (table.l !== last && value.type !== LUA_TNIL) keepInOrder(table);
  };
  ltable.luaH_setint = (table: Value, key: number, value: Value) =>
    inOrder(table, value, () => luaH_setint(table, key, value));
  ltable.luaH_new = (L: Value) => {
    const table = luaH_new(L);
    table.dead_strong = new RemovedKeys();
    return table;
  };
  ltable.luaH_setfrom = (L: Value, table: Value, key: Value, value: Value) => {
    if (table.isReadOnly === true) fail(L, 'Attempt to modify a readonly table');
    // A delete of what is not there would check nothing, and 5.1 complains of such keys in any case.
    if (key.type === LUA_TNIL) fail(L, 'table index is nil');
    inOrder(table, value, () => luaH_setfrom(L, table, key, value));
  };
}

function adaptMetamethods(ltm: Module): void {
  const { fasttm, TMS } = ltm;
  // In 5.1 `#` of a table asks no metamethod.
  ltm.fasttm = (L: Value, metatable: Value, event: number) =>
    event === TMS.TM_LEN ? null : fasttm(L, metatable, event);
}

/** Libraries gather long results in buffers, whose length is `n`. */
function adaptBuffers(lauxlib: Module, fail: Fail): void {
  Object.defineProperty(lauxlib.luaL_Buffer.prototype, 'n', {
    get(this: Value) {
      return this.length;
    },
    set(this: Value, length: number) {
      if (length > MAX_STRING_BYTES) fail(this.L, 'string length overflow');
      this.length = length;
    },
  });
}

function text(value: string): Uint8Array {
  return Uint8Array.from(Buffer.from(value));
}
