import { latin1 } from '../../../protocol/latin1.ts';
import { type LuaFunction, type LuaTable, lua } from '../fengari.ts';
import { argumentCount, badArgument, checkBytes, checkInteger, type Library, memberOf } from '../library.ts';
import { bytesOf, push, valueAt } from '../values.ts';
import { format, repeat } from './string-format.ts';

const SAME = ['byte', 'gmatch', 'len', 'lower', 'reverse', 'sub', 'upper'];
const INIT = 3;

/** 5.1 begins a search behind the end at the end; 5.3 finds nothing there. */
function withInitInside(search: LuaFunction): LuaFunction {
  return (L) => {
    if (lua.lua_type(L, INIT) > 0 && checkInteger(L, INIT) > checkBytes(L, 1).length + 1) {
      push(L, checkBytes(L, 1).length + 1);
      lua.lua_replace(L, INIT);
    }
    return search(L);
  };
}

/** 5.1 takes a `%` before anything but a digit out of the replacement; 5.3 refuses it. */
function withLooseReplacement(substitute: LuaFunction): LuaFunction {
  return (L) => {
    const replacement = valueAt(L, 3);
    if (replacement instanceof Uint8Array && replacement.includes(0x25)) {
      push(L, bytesOf(latin1(replacement).replace(/%(.)/gs, (pair, c) => (/[0-9%]/.test(c) ? pair : c))));
      lua.lua_replace(L, 3);
    }
    return substitute(L);
  };
}

/** Lua 5.1's string library but for `dump`, from Fengari's. */
export function stringLibrary(fengari: LuaTable): Library {
  const original = (name: string) => memberOf(fengari, name);
  return {
    ...Object.fromEntries(SAME.map((name) => [name, original(name)])),
    char(L) {
      const count = argumentCount(L);
      const bytes = new Uint8Array(count);
      for (let i = 1; i <= count; i++) {
        const code = checkInteger(L, i);
        if (code < 0 || code > 255) badArgument(L, i, 'invalid value');
        bytes[i - 1] = code;
      }
      push(L, bytes);
      return 1;
    },
    find: withInitInside(original('find')),
    format,
    gfind: original('gmatch'),
    gsub: withLooseReplacement(original('gsub')),
    match: withInitInside(original('match')),
    rep: repeat,
  };
}
