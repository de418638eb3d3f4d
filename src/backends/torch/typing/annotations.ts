import { SourceError } from '../language/lexer.ts';
import { type Expression, typeText } from '../language/syntax.ts';
import type { Dialect } from './dialect.ts';
import {
  is,
  isPlainName,
  listOf,
  NONE,
  optionalOf,
  plain,
  TENSOR,
  type Type,
  tupleOf,
  typeName,
  UNKNOWN,
  unionOf,
} from './types.ts';

type Subscript = Extract<Expression, { kind: 'subscript' }>;

const KEYS = ['int', 'float', 'complex', 'bool', 'str', 'Tensor', 'Device', 'Any'] as const;

/** Whether a dict may have keys of the type. */
export function canBeKey(type: Type): boolean {
  return type.kind === 'unknown' || KEYS.some((name) => is(type, name));
}

/** @throws SourceError */
export function checkKey(type: Type, line: number): void {
  if (canBeKey(type)) return;
  const allowed = 'only int, float, complex, Tensor, device and string keys are supported';
  throw new SourceError(`Cannot create dict for key type '${typeName(type)}', ${allowed}`, line);
}

/** A type as a script writes it. @throws SourceError where there is no such type. */
export function annotatedType(expression: Expression, dialect: Dialect): Type {
  const { line } = expression;
  switch (expression.kind) {
    case 'none':
      return NONE;
    case 'name':
    case 'attribute':
      return namedType(expression, dialect);
    case 'subscript':
      return constructedType(expression, dialect);
    case 'string':
      if (dialect === 'archive') return UNKNOWN;
      throw new SourceError(`Unknown type name '${expression.value}'`, line);
    default:
      if (dialect === 'archive') return UNKNOWN;
      throw new SourceError(
        `Expression of type ${expression.kind} cannot be used in a type expression`,
        line,
      );
  }
}

function namedType(expression: Expression, dialect: Dialect): Type {
  const text = typeText(expression);
  if (text === 'torch.Tensor') return TENSOR;
  if (text === 'NoneType') return NONE;
  if (isPlainName(text) && !['Generator', 'Storage'].includes(text)) return plain(text);
  if (dialect === 'archive') return UNKNOWN;
  throw new SourceError(`Unknown type name '${text}'`, expression.line);
}

function constructedType({ of, indices, line }: Subscript, dialect: Dialect): Type {
  const name = typeText(of);
  const [only] = indices;
  const written = only !== undefined && 'line' in only && only.kind === 'tuple' ? only.items : indices;
  const inner = written.map((index) => {
    if (!('line' in index)) {
      throw new SourceError(`Expression of type ${index.kind} cannot be used in a type expression`, line);
    }
    return annotatedType(index, dialect);
  });
  const [first = UNKNOWN, second = UNKNOWN] = inner;
  const takes = (count: number) => {
    if (inner.length === count) return;
    const wanted = count === 1 ? 'exactly one element type' : `exactly ${count} element types`;
    throw new SourceError(`${name} expected ${wanted} but found ${inner.length}`, line);
  };
  switch (name) {
    case 'List':
    case 'list':
      takes(1);
      return listOf(first);
    case 'Optional':
      takes(1);
      if (is(first, 'None')) throw new SourceError('Optional[None] is no type', line);
      return optionalOf(first);
    case 'Dict':
    case 'dict':
      takes(2);
      checkKey(first, line);
      return { kind: 'dict', key: first, value: second };
    case 'Tuple':
    case 'tuple':
      return tupleOf(inner);
    case 'Union':
      if (inner.length < 2) throw new SourceError('Union needs at least two types', line);
      return unionOf(inner);
    case 'Future':
      takes(1);
      return { kind: 'future', of: first };
    case 'RRef':
      return UNKNOWN;
    case 'BroadcastingList1':
    case 'BroadcastingList2':
    case 'BroadcastingList3':
      return listOf(first);
    default:
      if (dialect === 'archive') return UNKNOWN;
      throw new SourceError(`Unknown type constructor ${name}`, line);
  }
}
