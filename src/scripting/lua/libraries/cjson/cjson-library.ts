import { latin1 } from '../../../../protocol/latin1.ts';
import type { LuaState, LuaTable } from '../../fengari.ts';
import { argumentCount, badArgument, checkBytes, newLibrary } from '../../library.ts';
import { bytesOf, NULL_POINTER, push, setEntry, valueAt } from '../../values.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { defaultSettings, settingFunctions } from './settings.ts';

function checkOneArgument(L: LuaState): void {
  if (argumentCount(L) !== 1) badArgument(L, 1, 'expected 1 argument');
}

/** lua-cjson 2.1, with settings of its own (https://kyne.au/~mark/software/lua-cjson-manual.html). */
export function newCjson(L: LuaState): LuaTable {
  const settings = defaultSettings();
  const library = newLibrary(L, {
    ...settingFunctions(settings),
    _NAME: 'cjson',
    _VERSION: '2.1.0',
    decode(L) {
      checkOneArgument(L);
      push(L, decode(L, latin1(checkBytes(L, 1)), settings));
      return 1;
    },
    encode(L) {
      checkOneArgument(L);
      push(L, bytesOf(encode(L, valueAt(L, 1), settings)));
      return 1;
    },
    new(L) {
      push(L, newCjson(L));
      return 1;
    },
  });
  setEntry(L, library, 'null', NULL_POINTER);
  return library;
}
