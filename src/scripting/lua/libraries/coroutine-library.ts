import { type LuaFunction, type LuaTable, lua } from '../fengari.ts';
import { badArgument, type Library, memberOf } from '../library.ts';
import { push } from '../values.ts';
import type { Stopper } from './base-library.ts';

const FUNCTION = 6;
const THREAD = 8;

/** Lua 5.1's coroutine library, from Fengari's. */
export function coroutineLibrary(fengari: LuaTable, stopper: Stopper): Library {
  const original = (name: string) => memberOf(fengari, name);
  const resume = original('resume');
  const stoppable: LuaFunction = (L) => {
    const results = resume(L);
    stopper.rethrow(L);
    return results;
  };
  const onCoroutine =
    (f: LuaFunction): LuaFunction =>
    (L) => {
      if (lua.lua_type(L, 1) !== THREAD) badArgument(L, 1, 'coroutine expected');
      return f(L);
    };
  const onFunction =
    (f: LuaFunction): LuaFunction =>
    (L) => {
      if (lua.lua_type(L, 1) !== FUNCTION) badArgument(L, 1, 'Lua function expected');
      return f(L);
    };
  return {
    create: onFunction(original('create')),
    resume: onCoroutine(stoppable),
    running(L) {
      // 5.1 gives nothing in the main thread.
      if (!lua.lua_pushthread(L)) return 1;
      push(L, undefined);
      return 1;
    },
    status: onCoroutine(original('status')),
    wrap: onFunction(original('wrap')),
    yield: original('yield'),
  };
}
