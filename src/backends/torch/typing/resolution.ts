import { SourceError } from '../language/lexer.ts';
import { isBuiltin } from './builtins.ts';
import type { Surroundings } from './expression-checker.ts';
import { type FunctionSchema, operatorSchemas } from './operators.ts';
import { ANY, FLOAT, INT, listOf, STR, TENSOR, type Type, UNKNOWN } from './types.ts';

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
/** Functions of torch that are written in Python and run as the operators of their names, or are none at all. */
const IN_PYTHON = new Set([
  ...['unique', 'unique_consecutive', 'norm', 'stft', 'istft', 'tensordot', 'cartesian_prod', 'chain_matmul'],
  ...['atleast_1d', 'atleast_2d', 'atleast_3d', 'block_diag', 'cdist', 'split', 'broadcast_shapes', 'lu'],
  ...['no_grad', 'enable_grad', 'is_grad_enabled', 'svd_lowrank', 'pca_lowrank', 'finfo', 'iinfo'],
  ...['FloatTensor', 'DoubleTensor', 'HalfTensor', 'LongTensor', 'IntTensor', 'ShortTensor', 'BoolTensor'],
]);
/** Modules of torch whose functions may be anything: they are not looked into. */
const MODULES =
  /^torch\.(special|linalg|fft|sparse|autograd|ops|functional|classes|nn\.functional|nn\.init)\./;
const OF_JIT = /^torch\.jit\.(is_scripting|is_tracing|fork|wait|_fork|_wait|isinstance)$/;
const EXCEPTIONS =
  /^(\w*Error|\w*Warning|Exception|BaseException|StopIteration|KeyboardInterrupt|object|super)$/;
/** Functions of math that libtorch has no operator for. */
const NOT_OF_MATH = new Set([
  'hypot',
  'trunc',
  'prod',
  'comb',
  'perm',
  'dist',
  'isclose',
  'ulp',
  'nextafter',
  'fsum',
  'isqrt',
]);

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
  const [root = '', second = ''] = path;
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
  if (root === 'torch')
    return path.length === 1 ? functions('torch') : ofTorch(path, dialect === 'native', line);
  if (dialect === 'native') return { kind: 'undefined' };
  if (root === 'math' && path.length === 2) return ofMath(second, line);
  return EXCEPTIONS.test(root) && path.length === 1 ? value(UNKNOWN) : { kind: 'undefined' };
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

function ofTorch(path: readonly string[], isNative: boolean, line: number): Resolved {
  const [, name = ''] = path;
  if (path.length > 2) {
    if (path.join('.') === 'torch.jit.annotate' && !isNative) return { kind: 'annotate' };
    const whole = path.join('.');
    if (!isNative && (MODULES.test(whole) || OF_JIT.test(whole))) return value(UNKNOWN);
    throw new SourceError(`attribute lookup is not defined on builtin torch.${name}`, line);
  }
  if (!isNative && DTYPES.has(name)) return value(INT);
  if (!isNative && CONSTANTS.has(name)) return value(FLOAT);
  if (!isNative && IN_PYTHON.has(name)) return value(UNKNOWN);
  const schemas = operatorSchemas(`aten::${name}`);
  if (schemas !== undefined) return functions(`aten::${name}`, schemas);
  if (isNative && (DTYPES.has(name) || CONSTANTS.has(name))) return functions(`torch.${name}`);
  throw new SourceError(`Unknown builtin op: aten::${name}`, line);
}

function ofMath(name: string, line: number): Resolved {
  if (CONSTANTS.has(name)) return value(FLOAT);
  const schemas = NOT_OF_MATH.has(name) ? undefined : operatorSchemas(`aten::${name}`);
  if (schemas === undefined) throw new SourceError(`math.${name} is not known`, line);
  return functions(`aten::${name}`, schemas);
}
