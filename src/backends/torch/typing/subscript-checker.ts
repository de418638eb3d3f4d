import { slicePositions } from '../interpreter/containers.ts';
import { SourceError } from '../language/lexer.ts';
import type { Expression, Index } from '../language/syntax.ts';
import type { ExpressionChecker } from './expression-checker.ts';
import { is, NONE, TENSOR, type Type, tupleOf, typeName, UNKNOWN, unifyAll } from './types.ts';

type Subscript = Extract<Expression, { kind: 'subscript' }>;

const INDEXES = ['int', 'number', 'None', 'Tensor'] as const;

/** `x[i]`, read and written. */
export class SubscriptChecker {
  readonly #checker: ExpressionChecker;

  constructor(checker: ExpressionChecker) {
    this.#checker = checker;
  }

  itemOf({ of, indices, line }: Subscript): Type {
    const owner = this.#checker.typeOf(of);
    if (owner.kind === 'unknown') {
      for (const index of indices) this.#index(index);
      return UNKNOWN;
    }
    if (is(owner, 'Tensor')) {
      this.#tensorIndices(indices, line);
      return TENSOR;
    }
    const isSubscriptable = ['list', 'dict', 'tuple'].includes(owner.kind) || is(owner, 'str');
    if (!isSubscriptable) throw new SourceError(`'${typeName(owner)}' object is not subscriptable`, line);
    const [index] = indices;
    if (indices.length !== 1 || index === undefined) {
      throw new SourceError('attempted to use multidimensional indexing on a non-tensor type', line);
    }
    if (index.kind === 'ellipsis') throw new SourceError('... can only be an index of a tensor', line);
    if (index.kind === 'slice') return this.#sliced(owner, index, line);
    if (owner.kind === 'tuple') return this.#tupleItem(owner.items, index);
    return this.#checker.callOperator(
      'aten::__getitem__',
      { positional: [owner, this.#checker.typeOf(index)], named: [] },
      line,
    );
  }

  #sliced(owner: Type, index: Extract<Index, { kind: 'slice' }>, line: number): Type {
    const bounds = [index.start, index.end, index.step];
    if (owner.kind === 'tuple') {
      const numbers = bounds.map((bound) => (bound === null ? null : constantInt(bound)));
      if (numbers.includes(undefined)) {
        throw new SourceError('tuple slice indices must be integer constants', line);
      }
      const [start = null, end = null, step = null] = numbers as (number | null)[];
      return tupleOf(
        slicePositions(owner.items.length, start, end, step).map((at) => owner.items[at] as Type),
      );
    }
    if (owner.kind === 'dict') throw new SourceError(`${typeName(owner)} cannot be sliced`, line);
    const types = bounds.map((bound) => (bound === null ? NONE : this.#checker.typeOf(bound)));
    this.#checkBounds(types, line);
    return owner;
  }

  #tupleItem(items: readonly Type[], index: Expression): Type {
    const at = constantInt(index);
    if (at === undefined) {
      const type = this.#checker.typeOf(index);
      const each = unifyAll(items);
      if (each !== undefined && (type.kind === 'unknown' || is(type, 'int'))) return each;
      throw new SourceError(
        `Cannot index into a ${typeName(tupleOf(items))} with a non-integer literal because we cannot resolve the output type`,
        index.line,
      );
    }
    const item = items[at < 0 ? at + items.length : at];
    if (item !== undefined) return item;
    throw new SourceError(
      `Tuple index out of range. Tuple is length ${items.length} and index is ${at}`,
      index.line,
    );
  }

  #tensorIndices(indices: readonly Index[], line: number): void {
    for (const index of indices) {
      const type = this.#index(index);
      const isIndex =
        type.kind === 'unknown' || type.kind === 'list' || INDEXES.some((name) => is(type, name));
      if (isIndex) continue;
      throw new SourceError(
        `indexing tensor with unsupported index type '${typeName(type)}'. Only ints, slices, lists and tensors are supported`,
        line,
      );
    }
  }

  #index(index: Index): Type {
    if ('line' in index) return this.#checker.typeOf(index);
    if (index.kind === 'slice') {
      const bounds = [index.start, index.end, index.step];
      const line = bounds.find((bound) => bound !== null)?.line ?? 0;
      this.#checkBounds(
        bounds.map((bound) => (bound === null ? NONE : this.#checker.typeOf(bound))),
        line,
      );
    }
    return UNKNOWN;
  }

  #checkBounds(types: readonly Type[], line: number): void {
    for (const type of types) {
      const inner = type.kind === 'optional' ? type.of : type;
      if (
        inner.kind === 'unknown' ||
        ['int', 'None', 'Tensor', 'number'].some((name) => is(inner, name as 'int'))
      )
        continue;
      throw new SourceError(`slice indices must be ints, found ${typeName(type)}`, line);
    }
  }

  /** `x[i] = value` */
  setItem({ of, indices, line }: Subscript, value: Type): void {
    const owner = this.#checker.typeOf(of);
    if (owner.kind === 'unknown') {
      for (const index of indices) this.#index(index);
      return;
    }
    if (is(owner, 'Tensor')) {
      this.#tensorIndices(indices, line);
      const isValue = ['Tensor', 'int', 'float', 'bool', 'complex', 'number'].some((name) =>
        is(value, name as 'int'),
      );
      if (value.kind === 'unknown' || isValue) return;
      throw new SourceError(
        `a value of type ${typeName(value)} cannot be assigned to elements of a tensor`,
        line,
      );
    }
    const [index] = indices;
    if (owner.kind === 'tuple')
      throw new SourceError(`${typeName(owner)} does not support subscripted assignment`, line);
    if (indices.length !== 1 || index === undefined || !('line' in index)) {
      throw new SourceError('Sliced expression not yet supported for subscripted assignment', line);
    }
    this.#checker.callOperator(
      'aten::_set_item',
      { positional: [owner, this.#checker.typeOf(index), value], named: [] },
      line,
    );
  }
}

/** An int that is written as such: 1, -1. */
export function constantInt(expression: Expression): number | undefined {
  return expression.kind === 'int' ? expression.value : undefined;
}
