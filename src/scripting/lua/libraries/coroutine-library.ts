import { type LuaFunction, type LuaTable, lua } from '../fengari.ts';
import { type Library, memberOf } from '../library.ts';
import { push } from '../values.ts';
import type { Stopper } from './base-library.ts';

/** Lua 5.1's coroutine library, from Fengari's. */
export function coroutineLibrary(fengari: LuaTable, stopper: Stopper): Library {
  const original = (name: string) => memberOf(fengari, name);
  const resume = original('resume');
  const stoppable: LuaFunction = (L) => {
    const results = resume(L);
    stopper.rethrow(L);
    return results;
  };
  return {
    create: original('create'),
    resume: stoppable,
    running(L) {
      // 5.1 gives nothing in the main thread.
      if (!lua.lua_pushthread(L)) return 1;
      push(L, undefined);
      return 1;
    },
    status: original('status'),
    wrap: original('wrap'),
    yield: original('yield'),
  };
}
