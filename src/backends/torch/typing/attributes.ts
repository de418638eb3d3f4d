import { SourceError } from '../language/lexer.ts';
import { isMethodOf } from './matching.ts';
import { type FunctionSchema, operatorSchemas } from './operators.ts';
import {
  BOOL,
  DEVICE,
  INT,
  is,
  listOf,
  optionalOf,
  STR,
  TENSOR,
  type Type,
  typeName,
  UNKNOWN,
} from './types.ts';

/** What a tensor tells without being called. */
const OF_TENSORS: Readonly<Record<string, Type>> = {
  ...{ shape: listOf(INT), ndim: INT, dtype: INT, layout: INT, device: DEVICE, name: optionalOf(STR) },
  ...{ T: TENSOR, H: TENSOR, mT: TENSOR, mH: TENSOR, data: TENSOR, grad: TENSOR, real: TENSOR, imag: TENSOR },
  ...Object.fromEntries(
    [
      ...['is_cuda', 'is_cpu', 'is_xpu', 'is_sparse', 'is_sparse_csr', 'is_mkldnn', 'is_mps', 'is_quantized'],
      ...[
        'is_vulkan',
        'is_ipu',
        'is_meta',
        'is_leaf',
        'is_nested',
        'is_ort',
        'requires_grad',
        'retains_grad',
      ],
    ].map((name) => [name, BOOL]),
  ),
};
const OF_DEVICES: Readonly<Record<string, Type>> = { type: STR, index: optionalOf(INT) };
const CASTS = new Set([
  ...['float', 'double', 'half', 'int', 'long', 'short', 'char', 'byte', 'bool', 'cfloat', 'cdouble'],
]);

/** `x.float()` and its like, which take nothing. */
export function isTensorCast(name: string): boolean {
  return CASTS.has(name);
}

/** The overloads of a method; undefined where values of the type have none of that name. */
export function methodsOf(owner: Type, name: string): readonly FunctionSchema[] | undefined {
  if (is(owner, 'Tensor') && (Object.hasOwn(OF_TENSORS, name) || isTensorCast(name))) return undefined;
  // One of Python's that libtorch finds by itself: it gives a name or a tensor.
  if (is(owner, 'Tensor') && name === 'type') return [];
  const schemas = operatorSchemas(`aten::${name}`);
  if (schemas === undefined) return undefined;
  if (schemas.length === 0) return is(owner, 'Tensor') ? schemas : undefined;
  return schemas.some((schema) => isMethodOf(schema, owner)) ? schemas : undefined;
}

/** @throws SourceError where values of the type have no such attribute. */
export function attributeType(owner: Type, name: string, line: number): Type {
  if (owner.kind === 'unknown') return UNKNOWN;
  const known = is(owner, 'Tensor') ? OF_TENSORS : is(owner, 'Device') ? OF_DEVICES : {};
  if (Object.hasOwn(known, name)) return known[name] as Type;
  if (owner.kind === 'tuple') {
    const item = owner.items[owner.names?.indexOf(name) ?? -1];
    if (item !== undefined) return item;
  }
  if (methodsOf(owner, name) !== undefined || (is(owner, 'Tensor') && isTensorCast(name))) {
    throw new SourceError(`the method '${name}' cannot be used as a value`, line);
  }
  throw new SourceError(`'${typeName(owner)}' object has no attribute or method '${name}'`, line);
}
