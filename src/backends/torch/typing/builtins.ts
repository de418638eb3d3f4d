import { BOOL, COMPLEX, FLOAT, INT, STR, type Type } from './types.ts';

/** Python's functions by the operators that they are. */
export const FUNCTIONS: Readonly<Record<string, string>> = {
  ...{ abs: 'prim::abs', min: 'prim::min', max: 'prim::max', id: 'prim::id', rangelist: 'prim::rangelist' },
  ...{ all: 'aten::all', any: 'aten::any', sum: 'aten::sum', len: 'aten::len', hash: 'aten::hash' },
  ...{ ord: 'aten::ord', chr: 'aten::chr', bin: 'aten::bin', hex: 'aten::hex', oct: 'aten::oct' },
  ...{ round: 'aten::round', pow: 'aten::pow', divmod: 'aten::divmod', sorted: 'aten::sorted' },
};
/** Those that make a value of a type, with the operators that they are. */
export const CASTS: Readonly<Record<string, readonly [string, Type]>> = {
  int: ['aten::Int', INT],
  float: ['aten::Float', FLOAT],
  bool: ['aten::Bool', BOOL],
  str: ['aten::str', STR],
  complex: ['aten::Complex', COMPLEX],
};
export const ITERABLES = new Set(['range', 'enumerate', 'zip']);
export const SPECIAL = new Set(['print', 'list', 'tuple', 'dict', 'isinstance', 'hasattr', 'getattr']);

/** Whether Python's own functions have one of the name, as far as TorchScript knows them. */
export function isBuiltin(name: string): boolean {
  return (
    Object.hasOwn(FUNCTIONS, name) || Object.hasOwn(CASTS, name) || ITERABLES.has(name) || SPECIAL.has(name)
  );
}
