import { SourceError } from '../language/lexer.ts';
import type { Expression } from '../language/syntax.ts';
import { checkKey } from './annotations.ts';
import type { ExpressionChecker } from './expression-checker.ts';
import {
  EMPTY_LIST,
  isSubtype,
  listOf,
  STR,
  TENSOR,
  type Type,
  tupleOf,
  typeName,
  UNKNOWN,
  unify,
  unifyAll,
} from './types.ts';

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

/** Tuples, lists and dicts that are written out, and comprehensions. */
export class LiteralChecker {
  readonly #checker: ExpressionChecker;

  constructor(checker: ExpressionChecker) {
    this.#checker = checker;
  }

  tuple({ items }: Of<'tuple'>, hint?: Type): Type {
    const hints = hint?.kind === 'tuple' ? hint.items : [];
    return tupleOf(items.flatMap((item, i) => this.#checker.typesOf([item], hints[i])));
  }

  list({ items, line }: Of<'list'>, hint?: Type): Type {
    const wanted = wantedOf(hint, 'list');
    const types = this.#checker.typesOf(items, wanted?.of);
    if (types.length === 0) return wanted ?? EMPTY_LIST;
    return this.#listOf(types, wanted, line);
  }

  #listOf(types: readonly Type[], wanted: Extract<Type, { kind: 'list' }> | undefined, line: number): Type {
    const item = unifyAll(types, true) ?? UNKNOWN;
    if (wanted === undefined) return listOf(item);
    if (types.every((type) => isSubtype(type, wanted.of))) return wanted;
    throw new SourceError(
      `List type annotation \`${typeName(wanted)}\` did not match the types of the given list elements, which were unified to ${typeName(item)}`,
      line,
    );
  }

  dict({ entries, line }: Of<'dict'>, hint?: Type): Type {
    const wanted = wantedOf(hint, 'dict');
    const keys = entries.map(([key]) => this.#checker.typeOf(key, wanted?.key));
    const values = entries.map(([, value]) => this.#checker.typeOf(value, wanted?.value));
    return this.dictOf(keys, values, wanted, line);
  }

  dictOf(
    keys: readonly Type[],
    values: readonly Type[],
    wanted: Extract<Type, { kind: 'dict' }> | undefined,
    line: number,
  ): Type {
    const [first] = keys;
    if (first === undefined) return wanted ?? { kind: 'dict', key: STR, value: TENSOR };
    const other = keys.find((key) => unify(first, key) === undefined);
    if (other !== undefined) {
      throw new SourceError(
        `Dict keys must contain only a single type. Expected: ${typeName(first)} but found ${typeName(other)} instead`,
        line,
      );
    }
    checkKey(first, line);
    const value = unifyAll(values, true) ?? UNKNOWN;
    const made: Type = { kind: 'dict', key: first, value };
    if (wanted === undefined) return made;
    if (isSubtype(first, wanted.key) && values.every((type) => isSubtype(type, wanted.value))) return wanted;
    throw new SourceError(
      `Dict type annotation \`${typeName(wanted)}\` did not match that of the given entries, ${typeName(made)}`,
      line,
    );
  }

  comprehension(expression: Of<'comprehension'>, hint?: Type): Type {
    const { key, item, target, of, conditions, line } = expression;
    const items = this.#checker.itemsOf(of);
    const each = 'each' in items ? [items.each] : items.unrolled;
    const listed = wantedOf(hint, 'list');
    const mapped = wantedOf(hint, 'dict');
    const keys: Type[] = [];
    const values = each.map((type) =>
      this.#checker.within(new Map(), () => {
        this.#checker.assign(target, type);
        for (const condition of conditions) this.#checker.condition(condition);
        if (key !== null) keys.push(this.#checker.typeOf(key, mapped?.key));
        return this.#checker.typeOf(item, key === null ? listed?.of : mapped?.value);
      }),
    );
    if (key !== null) return this.dictOf(keys, values, mapped, line);
    const [first = TENSOR] = values;
    return this.#listOf(values.length === 0 ? [first] : values, listed ?? { kind: 'list', of: first }, line);
  }
}

/** The part of a hint that a list or a dict can be. */
export function wantedOf<Kind extends 'list' | 'dict'>(
  hint: Type | undefined,
  kind: Kind,
): Extract<Type, { kind: Kind }> | undefined {
  if (hint === undefined) return undefined;
  const candidates = hint.kind === 'optional' ? [hint.of] : hint.kind === 'union' ? hint.of : [hint];
  const fitting = candidates.filter((type) => type.kind === kind);
  return fitting.length === 1 ? (fitting[0] as Extract<Type, { kind: Kind }>) : undefined;
}
