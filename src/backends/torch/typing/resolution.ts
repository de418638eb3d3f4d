import { SourceError } from '../language/lexer.ts';
import { isBuiltin } from './builtins.ts';
import type { Surroundings } from './expression-checker.ts';
import { type FunctionSchema, operatorSchemas } from './operators.ts';
import { ANY, INT, listOf, STR, TENSOR, type Type, UNKNOWN } from './types.ts';

/** What a name that is no variable stands for. */
export type Resolved =
  | { readonly kind: 'value'; readonly type: Type }
  | { readonly kind: 'function'; readonly name: string; readonly schemas: readonly FunctionSchema[] }
  /** `annotate(type, value)`, and what archives have beside it: values whose types are taken for granted. */
  | { readonly kind: 'annotate' | 'cast' }
  | { readonly kind: 'undefined' };

const DTYPES = new Set([
  ...[
    'uint8',
    'int8',
    'int16',
    'short',
    'int32',
    'int',
    'int64',
    'long',
    'float16',
    'half',
    'float32',
    'float',
  ],
  ...[
    'float64',
    'double',
    'bool',
    'bfloat16',
    'complex32',
    'complex64',
    'complex128',
    'cfloat',
    'cdouble',
    'chalf',
  ],
  ...[
    'quint8',
    'qint8',
    'qint32',
    'strided',
    'sparse_coo',
    'contiguous_format',
    'channels_last',
    'preserve_format',
  ],
]);
const CONSTANTS = new Set(['pi', 'e', 'inf', 'nan', 'tau']);
const parameter = (name: string, type: Type) => ({
  name,
  type,
  takesOne: false,
  hasDefault: false,
  isNamedOnly: false,
});
/** What scripts reach the keyspace with. */
const KEYSPACE: Readonly<Record<string, FunctionSchema>> = {
  'redis.execute': {
    name: 'redis.execute',
    parameters: [parameter('command', STR)],
    isVariadic: true,
    returns: UNKNOWN,
  },
  'redis.asList': {
    name: 'redis.asList',
    parameters: [parameter('value', ANY)],
    isVariadic: false,
    returns: listOf(UNKNOWN),
  },
  'redisAI.model_execute': {
    name: 'redisAI.model_execute',
    parameters: [parameter('key', STR), parameter('inputs', listOf(TENSOR)), parameter('num_outputs', INT)],
    isVariadic: false,
    returns: listOf(TENSOR),
  },
};

/**
 * Finds what a dotted name stands for: Python's builtins are found before the script's functions, as in TorchScript.
 * @param path its parts; the first is no variable.
 * @throws SourceError where torch or math have nothing of the name.
 */
export function resolve(path: readonly string[], surroundings: Surroundings, line: number): Resolved {
  const [root = ''] = path;
  const { dialect } = surroundings;
  if (path.length === 1) {
    if (isBuiltin(root)) return { kind: 'function', name: root, schemas: [] };
    const schema = surroundings.functionSchema(root, line);
    if (schema !== undefined) return { kind: 'function', name: root, schemas: [schema] };
  }
  const keyspace = path.join('.');
  if (Object.hasOwn(KEYSPACE, keyspace)) {
    return { kind: 'function', name: keyspace, schemas: [KEYSPACE[keyspace] as FunctionSchema] };
  }
  if (dialect === 'archive') return inArchive(path);
  if (root === 'torch') return path.length === 1 ? functions('torch') : ofTorch(path, line);
  return { kind: 'undefined' };
}

function value(type: Type): Resolved {
  return { kind: 'value', type };
}

function functions(name: string, schemas: readonly FunctionSchema[] = []): Resolved {
  return { kind: 'function', name, schemas };
}

function inArchive(path: readonly string[]): Resolved {
  const [root, second = '', third = ''] = path;
  if (path.length === 1 && root === 'annotate') return { kind: 'annotate' };
  if (path.length === 1 && (root === 'unchecked_cast' || root === 'uninitialized')) return { kind: 'cast' };
  if (root === 'torch' && path.length === 2)
    return functions(`aten::${second}`, operatorSchemas(`aten::${second}`) ?? []);
  if (root === 'ops' && path.length === 3) {
    return functions(`${second}::${third}`, operatorSchemas(`${second}::${third}`) ?? []);
  }
  return value(UNKNOWN);
}

function ofTorch(path: readonly string[], line: number): Resolved {
  const [, name = ''] = path;
  if (path.length > 2) {
    throw new SourceError(`attribute lookup is not defined on builtin torch.${name}`, line);
  }
  const schemas = operatorSchemas(`aten::${name}`);
  if (schemas !== undefined) return functions(`aten::${name}`, schemas);
  if (DTYPES.has(name) || CONSTANTS.has(name)) return functions(`torch.${name}`);
  throw new SourceError(`Unknown builtin op: aten::${name}`, line);
}
