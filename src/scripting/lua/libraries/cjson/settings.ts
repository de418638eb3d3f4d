import { latin1 } from '../../../../protocol/latin1.ts';
import { auxiliary, type LuaFunction, type LuaState, lua } from '../../fengari.ts';
import { argumentCount, badArgument, checkNumber, type Library } from '../../library.ts';
import { bytesOf, push, valueAt } from '../../values.ts';

/** What lua-cjson's functions of the same names set. */
export interface JsonSettings {
  sparseConvert: boolean;
  /** How many times more places than elements make an array too sparse; 0: none. */
  sparseRatio: number;
  /** Up to this length no array is too sparse. */
  sparseSafe: number;
  encodeMaxDepth: number;
  decodeMaxDepth: number;
  /** Significant digits. */
  numberPrecision: number;
  keepBuffer: boolean;
  encodeInvalidNumbers: boolean | 'null';
  decodeInvalidNumbers: boolean;
}

export function defaultSettings(): JsonSettings {
  return {
    sparseConvert: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeMaxDepth: 1000,
    decodeMaxDepth: 1000,
    numberPrecision: 14,
    keepBuffer: true,
    encodeInvalidNumbers: false,
    decodeInvalidNumbers: true,
  };
}

const INT_MAX = 2147483647;

type KeysOf<T> = { [K in keyof JsonSettings]: JsonSettings[K] extends T ? K : never }[keyof JsonSettings];

function checkCount(L: LuaState, most: number): void {
  if (argumentCount(L) > most) badArgument(L, most + 1, 'found too many arguments');
}

function whole(L: LuaState, index: number, current: number, least: number, most: number): number {
  if (lua.lua_type(L, index) <= 0) return current;
  const value = Math.trunc(checkNumber(L, index));
  if (!(value >= least && value <= most)) {
    badArgument(L, index, `expected integer between ${least} and ${most}`);
  }
  return value;
}

function flag(L: LuaState, index: number, current: boolean): boolean {
  const value = valueAt(L, index);
  if (value === undefined) return current;
  if (typeof value === 'boolean') return value;
  return auxiliary.luaL_checkoption(L, index, null, [bytesOf('off'), bytesOf('on')]) === 1;
}

/** The functions that read and change settings; each answers what is set then. */
export function settingFunctions(settings: JsonSettings): Library {
  const ofWhole =
    (name: KeysOf<number>, most: number): LuaFunction =>
    (L) => {
      checkCount(L, 1);
      settings[name] = whole(L, 1, settings[name], 1, most);
      push(L, settings[name]);
      return 1;
    };
  const ofFlag =
    (name: KeysOf<boolean>): LuaFunction =>
    (L) => {
      checkCount(L, 1);
      settings[name] = flag(L, 1, settings[name]);
      push(L, settings[name]);
      return 1;
    };
  return {
    decode_invalid_numbers: ofFlag('decodeInvalidNumbers'),
    decode_max_depth: ofWhole('decodeMaxDepth', INT_MAX),
    encode_invalid_numbers(L) {
      checkCount(L, 1);
      const value = valueAt(L, 1);
      if (value instanceof Uint8Array && latin1(value) === 'null') settings.encodeInvalidNumbers = 'null';
      else settings.encodeInvalidNumbers = flag(L, 1, settings.encodeInvalidNumbers === true);
      push(L, settings.encodeInvalidNumbers);
      return 1;
    },
    encode_keep_buffer: ofFlag('keepBuffer'),
    encode_max_depth: ofWhole('encodeMaxDepth', INT_MAX),
    encode_number_precision: ofWhole('numberPrecision', 14),
    encode_sparse_array(L) {
      checkCount(L, 3);
      settings.sparseConvert = flag(L, 1, settings.sparseConvert);
      settings.sparseRatio = whole(L, 2, settings.sparseRatio, 0, INT_MAX);
      settings.sparseSafe = whole(L, 3, settings.sparseSafe, 0, INT_MAX);
      push(L, settings.sparseConvert);
      push(L, settings.sparseRatio);
      push(L, settings.sparseSafe);
      return 3;
    },
  };
}
