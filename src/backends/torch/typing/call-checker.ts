import { dotted } from '../interpreter/evaluator.ts';
import { SourceError } from '../language/lexer.ts';
import type { Expression } from '../language/syntax.ts';
import { annotatedType } from './annotations.ts';
import { attributeType, isTensorCast, methodsOf } from './attributes.ts';
import { CASTS, FUNCTIONS, ITERABLES, isBuiltin } from './builtins.ts';
import { type Condition, canBeBool, isOneOf, UNCERTAIN, variableName } from './conditions.ts';
import type { ExpressionChecker, Items } from './expression-checker.ts';
import { type LiteralChecker, wantedOf } from './literal-checker.ts';
import { type Arguments, converted } from './matching.ts';
import { resolve } from './resolution.ts';
import {
  BOOL,
  EMPTY_LIST,
  INT,
  is,
  isSubtype,
  listOf,
  partsOf,
  STR,
  TENSOR,
  type Type,
  tupleOf,
  typeName,
  UNKNOWN,
  unifyAll,
} from './types.ts';

type CallExpression = Extract<Expression, { kind: 'call' }>;

/** Calls of functions, methods, operators and Python's builtins, and names that stand for them. */
export class CallChecker {
  readonly #checker: ExpressionChecker;
  readonly #literals: LiteralChecker;

  constructor(checker: ExpressionChecker, literals: LiteralChecker) {
    this.#checker = checker;
    this.#literals = literals;
  }

  /** A name or an attribute that is a value. */
  valueOf(expression: Extract<Expression, { kind: 'name' | 'attribute' }>): Type {
    const { line } = expression;
    const variable = expression.kind === 'name' ? this.#scope.lookUp(expression.name, line) : undefined;
    if (variable !== undefined) return variable;
    const path = this.#freePath(expression);
    if (path !== undefined) return this.#namedValue(path, line);
    const { of, name } = expression as Extract<Expression, { kind: 'attribute' }>;
    return attributeType(this.#checker.typeOf(of), name, line);
  }

  /** Whether an expression stands for something that can be called, or gone through, and is no value of its own. */
  isReference(expression: Expression): boolean {
    if (expression.kind === 'call') return this.iterableName(expression) !== undefined;
    const path = this.#freePath(expression);
    if (path !== undefined) {
      return resolve(path, this.#checker.surroundings, expression.line).kind === 'function';
    }
    if (expression.kind !== 'attribute') return false;
    const owner = this.#checker.typeOf(expression.of);
    return owner.kind !== 'unknown' && methodsOf(owner, expression.name) !== undefined;
  }

  call(expression: CallExpression, hint?: Type): Type {
    const { callee, line } = expression;
    const path = this.#freePath(callee);
    if (path !== undefined) return this.#callNamed(path, expression, hint);
    if (callee.kind === 'attribute') {
      const owner = this.#checker.typeOf(callee.of);
      return this.#callMethod(owner, callee.name, expression, hint);
    }
    if (callee.kind === 'name' && this.#scope.isClosure(callee.name)) {
      throw new SourceError('cannot call a closure', line);
    }
    return this.#callValue(this.#checker.typeOf(callee), expression);
  }

  /** What `isinstance` and `hasattr` say; undefined for other calls. */
  typeTest(expression: CallExpression): Condition | undefined {
    const { callee, args, line } = expression;
    if (callee.kind !== 'name' || this.#scope.has(callee.name)) return undefined;
    if (callee.name === 'hasattr') {
      this.#hasAttribute(expression);
      return UNCERTAIN;
    }
    if (callee.name !== 'isinstance') return undefined;
    const [value, types] = args;
    if (value === undefined || types === undefined || args.length !== 2) {
      throw new SourceError(`isinstance expected exactly 2 arguments but found ${args.length}`, line);
    }
    const type = this.#checker.typeOf(value);
    return isOneOf(type, this.#testedTypes(types), variableName(value));
  }

  /** What a call of range, enumerate or zip goes through; undefined for other expressions. */
  iterated(expression: Expression): Items | undefined {
    if (expression.kind !== 'call') return undefined;
    const name = this.iterableName(expression);
    if (name === undefined) return undefined;
    const { args, named, line } = expression;
    const most = name === 'range' ? 3 : name === 'enumerate' ? 2 : Number.POSITIVE_INFINITY;
    if (args.length === 0) throw new SourceError(`${name} expected at least 1 arguments, got 0`, line);
    if (args.length > most) {
      throw new SourceError(`${name} expected at most ${most} arguments, got ${args.length}`, line);
    }
    if (name !== 'enumerate' && named.length > 0) {
      throw new SourceError(`${name} doesn't accept any keyword arguments`, line);
    }
    if (name === 'range') {
      for (const [i, type] of this.#checker.typesOf(args).entries()) {
        if (type.kind === 'unknown' || is(type, 'int')) continue;
        throw new SourceError(
          `all inputs of range must be ints, found ${typeName(type)} in argument ${i}`,
          line,
        );
      }
      return { each: INT };
    }
    const [first, second] = args as [Expression, Expression | undefined];
    if (name === 'enumerate') {
      if (second !== undefined) this.#checker.typeOf(second);
      return numbered(this.#checker.itemsOf(first));
    }
    return zipped(args.map((arg) => this.#checker.itemsOf(arg)));
  }

  /** range, enumerate or zip, where that is what is called. */
  iterableName({ callee }: CallExpression): string | undefined {
    const isOne = callee.kind === 'name' && ITERABLES.has(callee.name) && !this.#scope.has(callee.name);
    return isOne ? callee.name : undefined;
  }

  get #scope() {
    return this.#checker.scope;
  }

  /** The parts of a name that begins with no variable: torch.add, len. */
  #freePath(expression: Expression): string[] | undefined {
    const path = dotted(expression);
    const [root] = path ?? [];
    return root === undefined || this.#scope.has(root) || this.#scope.isClosure(root) ? undefined : path;
  }

  #namedValue(path: readonly string[], line: number): Type {
    const found = resolve(path, this.#checker.surroundings, line);
    if (found.kind === 'value') return found.type;
    const [root = ''] = path;
    if (found.kind === 'undefined') throw new SourceError(`undefined value ${root}`, line);
    throw new SourceError(`${path.join('.')} cannot be used as a value`, line);
  }

  #callNamed(path: readonly string[], expression: CallExpression, hint: Type | undefined): Type {
    const { line } = expression;
    const [root = ''] = path;
    if (path.length === 1 && isBuiltin(root)) return this.#callBuiltin(root, expression, hint);
    const found = resolve(path, this.#checker.surroundings, line);
    switch (found.kind) {
      case 'undefined':
        throw new SourceError(`undefined value ${root}`, line);
      case 'annotate':
        return this.#annotated(expression);
      case 'cast': {
        const [type, value] = expression.args;
        if (value !== undefined) this.#checker.typeOf(value);
        return type === undefined ? UNKNOWN : annotatedType(type, this.#checker.surroundings.dialect);
      }
      case 'value':
        return this.#callValue(found.type, expression);
      case 'function': {
        const args = this.#checker.argumentsOf(expression);
        return this.#checker.callOne(found.name, found.schemas, args, line);
      }
    }
  }

  /** `torch.jit.annotate(List[int], [])` */
  #annotated({ args, line }: CallExpression): Type {
    const [type, value] = args;
    if (type === undefined || value === undefined || args.length !== 2) {
      throw new SourceError(`annotate expected exactly 2 arguments but found ${args.length}`, line);
    }
    const wanted = annotatedType(type, this.#checker.surroundings.dialect);
    const actual = this.#checker.typeOf(value, wanted);
    if (isSubtype(converted(wanted, actual, true), wanted)) return wanted;
    throw new SourceError(
      `expected an expression of type ${typeName(wanted)} but found ${typeName(actual)}`,
      line,
    );
  }

  #callValue(type: Type, expression: CallExpression): Type {
    this.#checker.argumentsOf(expression);
    if (type.kind === 'unknown') return UNKNOWN;
    throw new SourceError(`cannot call a value of type '${typeName(type)}'`, expression.line);
  }

  #callMethod(owner: Type, name: string, expression: CallExpression, hint: Type | undefined): Type {
    const { line } = expression;
    const { positional, named } = this.#checker.argumentsOf(expression);
    if (owner.kind === 'unknown') return UNKNOWN;
    const args: Arguments = { self: owner, positional, named };
    if (is(owner, 'Tensor')) {
      if (name === 'tolist') return this.#asList(hint, line);
      if (isTensorCast(name)) {
        if (positional.length === 0 && named.length === 0) return TENSOR;
        throw new SourceError(`${name}() of a tensor takes no arguments`, line);
      }
    }
    const methods = methodsOf(owner, name);
    if (methods === undefined) return this.#callValue(attributeType(owner, name, line), expression);
    return this.#checker.callOne(name, methods, args, line);
  }

  /** The elements of a tensor are of the type that is asked for. */
  #asList(hint: Type | undefined, line: number): Type {
    if (hint !== undefined && hint.kind !== 'unknown') return hint;
    if (this.#checker.surroundings.dialect === 'archive') return UNKNOWN;
    throw new SourceError('Expected type hint for result of tolist()', line);
  }

  #testedTypes(expression: Expression): Type[] {
    if (expression.kind === 'tuple') return expression.items.flatMap((item) => this.#testedTypes(item));
    const { dialect } = this.#checker.surroundings;
    return [...partsOf(annotatedType(expression, dialect))];
  }

  #callBuiltin(name: string, expression: CallExpression, hint: Type | undefined): Type {
    const { line } = expression;
    if (ITERABLES.has(name)) {
      this.iterated(expression);
      throw new SourceError(`${name} cannot be used as a value`, line);
    }
    const cast = Object.hasOwn(CASTS, name) ? CASTS[name] : undefined;
    if (cast !== undefined) return this.#cast(cast, expression);
    switch (name) {
      case 'print':
        this.#checker.argumentsOf(expression);
        throw new SourceError('print gives nothing that can be used as a value', line);
      case 'list':
        return this.#makeList(expression, hint);
      case 'tuple':
        return this.#makeTuple(expression);
      case 'dict':
        return this.#makeDict(expression, hint);
      case 'isinstance':
        this.typeTest(expression);
        return BOOL;
      case 'hasattr':
        return this.#hasAttribute(expression);
      case 'getattr':
        return this.#getAttribute(expression);
      default: {
        const operator = FUNCTIONS[name] as string;
        return this.#checker.callOperator(operator, this.#checker.argumentsOf(expression), line);
      }
    }
  }

  #cast([operator, type]: readonly [string, Type], expression: CallExpression): Type {
    const args = this.#checker.argumentsOf(expression);
    const [only] = args.positional;
    if (only !== undefined && args.positional.length === 1 && args.named.length === 0) {
      if (only.kind === 'unknown' || isSubtype(only, type)) return type;
      if (is(type, 'bool') && canBeBool(only)) return type;
    }
    this.#checker.callOperator(operator, args, expression.line);
    return type;
  }

  #makeList({ args, line }: CallExpression, hint: Type | undefined): Type {
    const [from] = args;
    if (from === undefined) return wantedOf(hint, 'list') ?? EMPTY_LIST;
    if (args.length > 1)
      throw new SourceError(`list expected exactly 1 arguments but found ${args.length}`, line);
    const items = this.#checker.itemsOf(from);
    if ('each' in items) return listOf(items.each);
    const each = items.unrolled.length === 0 ? TENSOR : unifyAll(items.unrolled);
    if (each !== undefined) return listOf(each);
    throw new SourceError(`a list cannot be made of ${typeName(tupleOf(items.unrolled))}`, line);
  }

  #makeTuple({ args, line }: CallExpression): Type {
    const [from] = args;
    if (from === undefined || args.length > 1) {
      throw new SourceError(`tuple expected exactly 1 arguments but found ${args.length}`, line);
    }
    const type = this.#checker.typeOf(from);
    if (type.kind === 'tuple' || type.kind === 'unknown') return type;
    if (type.kind === 'list') {
      throw new SourceError('cannot statically infer the expected size of a list in this context', line);
    }
    throw new SourceError(`${typeName(type)} cannot be used as a tuple`, line);
  }

  #makeDict({ args, named, line }: CallExpression, hint: Type | undefined): Type {
    const wanted = wantedOf(hint, 'dict');
    const [from] = args;
    const keys: Type[] = named.map(() => STR);
    const values = named.map(([, value]) => this.#checker.typeOf(value, wanted?.value));
    if (from !== undefined) {
      const iterated = this.iterated(from);
      const type = iterated === undefined ? this.#checker.typeOf(from) : undefined;
      if (type?.kind === 'unknown') return UNKNOWN;
      if (type?.kind === 'dict') {
        keys.push(type.key);
        values.push(type.value);
      } else {
        const items = iterated ?? this.#checker.itemsOfType(type as Type, line);
        for (const item of 'each' in items ? [items.each] : items.unrolled) {
          if (item.kind === 'unknown') return UNKNOWN;
          if (item.kind !== 'tuple')
            throw new SourceError(`${typeName(item)} cannot be used as a tuple`, line);
          // An empty list is one of tensors, and makes an empty dict.
          keys.push(item.items[0] ?? UNKNOWN);
          values.push(item.items[1] ?? UNKNOWN);
        }
      }
    }
    return this.#literals.dictOf(keys, values, wanted, line);
  }

  #hasAttribute({ args, line }: CallExpression): Type {
    const [owner] = args;
    if (owner === undefined || args.length !== 2) {
      throw new SourceError(`hasattr expected exactly 2 arguments but found ${args.length}`, line);
    }
    const type = this.#checker.typeOf(owner);
    if (type.kind === 'unknown') return BOOL;
    throw new SourceError(`hasattr's first argument must be an object, got ${typeName(type)} instead`, line);
  }

  #getAttribute({ args, line }: CallExpression): Type {
    const [owner, name, otherwise] = args;
    if (owner === undefined || name === undefined || args.length > 3) {
      throw new SourceError(
        `getattr expected to have number of arguments between 2 and 3 but found ${args.length}`,
        line,
      );
    }
    if (name.kind !== 'string')
      throw new SourceError("getattr's second argument must be a string literal", line);
    const type = this.#checker.typeOf(owner);
    if (otherwise !== undefined) this.#checker.typeOf(otherwise);
    if (type.kind === 'unknown' || methodsOf(type, name.value) !== undefined) return UNKNOWN;
    return attributeType(type, name.value, line);
  }
}

function numbered(items: Items): Items {
  if ('each' in items) return { each: tupleOf([INT, items.each]) };
  return { unrolled: items.unrolled.map((type) => tupleOf([INT, type])) };
}

/** Goes through several at once; where one of them is unrolled, all are. */
function zipped(all: readonly Items[]): Items {
  const lengths = all.flatMap((items) => ('unrolled' in items ? [items.unrolled.length] : []));
  const at = (items: Items, i: number) => ('each' in items ? items.each : (items.unrolled[i] as Type));
  if (lengths.length === 0) return { each: tupleOf(all.map((items) => at(items, 0))) };
  return {
    unrolled: Array.from({ length: Math.min(...lengths) }, (_, i) =>
      tupleOf(all.map((items) => at(items, i))),
    ),
  };
}
