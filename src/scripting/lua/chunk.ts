import { type LuaState, lua } from './fengari.ts';
import { rewordSyntaxError, withoutNewEscapes } from './source-text.ts';
import { bytesOf, push, valueAt } from './values.ts';

const TEXT_ONLY = bytesOf('t');

/** Compiles source text. @returns whether it could; on the stack then is its function, else the error's text. */
export function compile(L: LuaState, source: Uint8Array, chunkName: Uint8Array): boolean {
  const reader = { bytes: withoutNewEscapes(source) as Uint8Array | null };
  const take = (_: LuaState, data: typeof reader) => {
    const { bytes } = data;
    data.bytes = null;
    return bytes;
  };
  if (lua.lua_load(L, take, reader, chunkName, TEXT_ONLY) === 0) return true;
  const message = valueAt(L, -1);
  lua.lua_settop(L, -2);
  push(
    L,
    message instanceof Uint8Array ? rewordSyntaxError(Buffer.from(message).toString()) : 'syntax error',
  );
  return false;
}
