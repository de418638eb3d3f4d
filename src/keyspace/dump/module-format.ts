/** RDB's type byte for values of modules: the id of the module type follows, then what the module saved, each with its mark. */
export const MODULE_TYPE = 7;

/** What stands before each thing that a module saved (rdb.h). */
export const MODULE_MARKS = { END: 0, SINT: 1, UINT: 2, FLOAT: 3, DOUBLE: 4, STRING: 5 } as const;

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const NAME_LENGTH = 9;
const VERSION_BITS = 10n;

/** A module type's id: the nine characters of its name, six bits each, then ten bits of version, as Redis packs them. */
export function moduleId(name: string, version: number): bigint {
  let id = 0n;
  for (const character of name) id = (id << 6n) | BigInt(CHARACTERS.indexOf(character));
  return (id << VERSION_BITS) | BigInt(version);
}

/** The name in a module type's id. */
export function moduleName(id: bigint): string {
  let rest = id >> VERSION_BITS;
  let name = '';
  for (let i = 0; i < NAME_LENGTH; i++, rest >>= 6n) name = CHARACTERS.charAt(Number(rest & 63n)) + name;
  return name;
}
