import { SourceError } from '../language/lexer.ts';
import type { Call, Expression } from '../language/syntax.ts';
import { CallChecker } from './call-checker.ts';
import {
  type Condition,
  canBeBool,
  conjunction,
  decided,
  disjunction,
  isNone,
  isScriptingCall,
  negated,
  OPEN,
  type Refinements,
  UNCERTAIN,
  variableName,
} from './conditions.ts';
import type { Dialect } from './dialect.ts';
import { LiteralChecker } from './literal-checker.ts';
import { type Arguments, matchOverloads } from './matching.ts';
import { type FunctionSchema, operatorSchemas } from './operators.ts';
import { Scope } from './scope.ts';
import { SubscriptChecker } from './subscript-checker.ts';
import {
  BOOL,
  COMPLEX,
  FLOAT,
  INT,
  is,
  NONE,
  STR,
  sizeOf,
  TENSOR,
  type Type,
  tupleOf,
  typeName,
  UNKNOWN,
  unify,
} from './types.ts';

type Of<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

/** What a function of a script sees of the rest of it. */
export interface Surroundings {
  readonly dialect: Dialect;
  /** The schema of a function of the script; undefined where there is none of that name. @throws SourceError where it is no good. */
  functionSchema(name: string, line: number): FunctionSchema | undefined;
  /** Counts what is done. @throws SourceError when it is too much. */
  step(line: number): void;
}

/** Operators by the names of their functions. */
export const OPERATORS: Readonly<Record<string, string>> = {
  ...{ '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', '//': 'floordiv', '%': 'remainder', '**': 'pow' },
  ...{ '@': 'matmul', '&': '__and__', '|': '__or__', '^': '__xor__', '<<': '__lshift__', '>>': '__rshift__' },
  ...{ '<': 'lt', '>': 'gt', '<=': 'le', '>=': 'ge', '==': 'eq', '!=': 'ne' },
};

/** No program has larger types; x = (x, x) again and again makes them. */
const MAX_SIZE = 10_000;

/** What a loop goes through: the type of each item; of a tuple of different types, which is unrolled, all of them. */
export type Items = { readonly each: Type } | { readonly unrolled: readonly Type[] };

/** Types of expressions, in a scope that the statements around them move on. */
export class ExpressionChecker {
  scope = new Scope();
  readonly surroundings: Surroundings;
  readonly #calls: CallChecker;
  readonly #literals: LiteralChecker;
  readonly #subscripts: SubscriptChecker;

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
    this.#literals = new LiteralChecker(this);
    this.#subscripts = new SubscriptChecker(this);
    this.#calls = new CallChecker(this, this.#literals);
  }

  /**
   * The type of a value.
   * @param hint what is wanted: an empty list is one of that.
   * @throws SourceError
   */
  typeOf(expression: Expression, hint?: Type): Type {
    this.surroundings.step(expression.line);
    const type = this.#typeOf(expression, hint);
    if (sizeOf(type) <= MAX_SIZE) return type;
    throw new SourceError(`a type of more than ${MAX_SIZE} parts`, expression.line);
  }

  #typeOf(expression: Expression, hint?: Type): Type {
    const { line } = expression;
    switch (expression.kind) {
      case 'none':
        return NONE;
      case 'bool':
        return BOOL;
      case 'int':
        return INT;
      case 'float':
        return FLOAT;
      case 'complex':
        return COMPLEX;
      case 'string':
        return STR;
      case 'text':
        return this.#text(expression);
      case 'name':
      case 'attribute':
        return this.#calls.valueOf(expression);
      case 'call':
        return this.#calls.call(expression, hint);
      case 'subscript':
        return this.#subscripts.itemOf(expression);
      case 'tuple':
        return this.#literals.tuple(expression, hint);
      case 'list':
        return this.#literals.list(expression, hint);
      case 'dict':
        return this.#literals.dict(expression, hint);
      case 'comprehension':
        return this.#literals.comprehension(expression, hint);
      case 'starred':
        throw new SourceError('a starred expression stands for no single value', line);
      case 'not':
      case 'and':
      case 'or':
        this.condition(expression);
        return BOOL;
      case 'unary':
        return this.#unary(expression);
      case 'binary':
        return this.operate(
          expression.operator,
          this.typeOf(expression.left),
          this.typeOf(expression.right),
          line,
        );
      case 'compare':
        return this.#compare(expression);
      case 'conditional':
        return this.#conditional(expression, hint);
    }
  }

  /** Checks a condition, and tells what it says. @throws SourceError */
  condition(expression: Expression): Condition {
    switch (expression.kind) {
      case 'bool':
        return decided(expression.value);
      case 'not':
        return negated(this.condition(expression.operand));
      case 'and':
      case 'or': {
        const isAnd = expression.kind === 'and';
        const left = this.condition(expression.left);
        const right = this.within(isAnd ? left.whenTrue : left.whenFalse, () =>
          this.condition(expression.right),
        );
        return isAnd ? conjunction(left, right) : disjunction(left, right);
      }
      case 'compare': {
        const [only] = expression.rest;
        if (expression.rest.length === 1 && only?.operator.startsWith('is')) {
          return this.#identity(expression, only.operator, only.operand);
        }
        break;
      }
      case 'call': {
        if (isScriptingCall(expression)) return decided(true);
        const condition = this.#calls.typeTest(expression);
        if (condition !== undefined) return condition;
        break;
      }
      default:
        break;
    }
    const type = this.typeOf(expression);
    if (canBeBool(type)) return OPEN;
    throw new SourceError(`Could not cast value of type ${typeName(type)} to bool`, expression.line);
  }

  /** Goes on in a block of its own, which knows more of some variables. */
  within<T>(refinements: Refinements, run: () => T): T {
    const outer = this.scope;
    this.scope = new Scope(outer);
    this.scope.refineAll(refinements);
    try {
      return run();
    } finally {
      this.scope = outer;
    }
  }

  /** Whether an expression stands for something that can be called, or gone through, and is no value of its own. */
  isReference(expression: Expression): boolean {
    return this.#calls.isReference(expression);
  }

  operate(operator: string, left: Type, right: Type, line: number): Type {
    if (operator === '+' && left.kind === 'tuple' && right.kind === 'tuple') {
      return tupleOf([...left.items, ...right.items]);
    }
    if (operator === '%' && is(left, 'str')) return STR;
    return this.callOperator(`aten::${OPERATORS[operator]}`, { positional: [left, right], named: [] }, line);
  }

  /** @param name qualified: aten::add. */
  callOperator(name: string, args: Arguments, line: number): Type {
    const schemas = operatorSchemas(name);
    if (schemas === undefined) throw new SourceError(`Unknown builtin op: ${name}`, line);
    return this.callOne(name, schemas, args, line);
  }

  /** @param schemas the overloads that it may be. */
  callOne(name: string, schemas: readonly FunctionSchema[], args: Arguments, line: number): Type {
    const match = matchOverloads(schemas, args);
    if ('result' in match) return match.result;
    throw new SourceError(`Arguments for call of ${name} are not valid: ${match.reason}`, line);
  }

  /** What a loop over a value goes through. */
  itemsOf(of: Expression): Items {
    return this.#calls.iterated(of) ?? this.itemsOfType(this.typeOf(of), of.line);
  }

  itemsOfType(type: Type, line: number): Items {
    switch (type.kind) {
      case 'unknown':
        return { each: UNKNOWN };
      case 'list':
        return { each: type.of };
      case 'dict':
        return { each: type.key };
      case 'tuple':
        return { unrolled: type.items };
      default:
        if (is(type, 'str')) return { each: STR };
        if (is(type, 'Tensor')) return { each: TENSOR };
        if (is(type, 'list') || is(type, 'tuple')) return { each: UNKNOWN };
        throw new SourceError(`'${typeName(type)}' object is not iterable`, line);
    }
  }

  /** Types of arguments or items, of which a starred tuple is several. */
  typesOf(items: readonly Expression[], hint?: Type): Type[] {
    return items.flatMap((item) => {
      if (item.kind !== 'starred') return [this.typeOf(item, hint)];
      const type = this.typeOf(item.of);
      if (type.kind === 'tuple') return type.items;
      if (type.kind === 'unknown') return [UNKNOWN];
      if (type.kind === 'list') {
        throw new SourceError(
          'cannot statically infer the expected size of a list in this context',
          item.line,
        );
      }
      throw new SourceError(`${typeName(type)} cannot be used as a tuple`, item.line);
    });
  }

  argumentsOf({ args, named }: Call): Arguments {
    return {
      positional: this.typesOf(args),
      named: named.map(([name, value]) => [name, this.typeOf(value)] as const),
    };
  }

  /** Writes to a name, or to several that a value is taken apart into. Other targets are the statements'. */
  assign(target: Expression, type: Type): void {
    const { line } = target;
    if (target.kind === 'name') this.scope.assign(target.name, type, line);
    else if (target.kind === 'tuple') {
      for (const [item, part] of this.unpacked(target.items, type, line)) this.assign(item, part);
    } else if (target.kind === 'starred') this.assign(target.of, type);
    else if (target.kind === 'subscript') this.#subscripts.setItem(target, type);
    else if (target.kind === 'attribute') this.#setAttribute(target);
    else throw new SourceError('unexpected expression on left-hand side of assignment', line);
  }

  /** What each of the targets gets. */
  unpacked(targets: readonly Expression[], type: Type, line: number): (readonly [Expression, Type])[] {
    const starred = targets.findIndex(({ kind }) => kind === 'starred');
    if (type.kind === 'unknown' || is(type, 'tuple')) return targets.map((target) => [target, UNKNOWN]);
    if (type.kind === 'list') {
      if (starred < 0) return targets.map((target) => [target, type.of]);
      throw new SourceError('cannot statically infer the expected size of a list in this context', line);
    }
    if (type.kind !== 'tuple') throw new SourceError(`${typeName(type)} cannot be used as a tuple`, line);
    const { items } = type;
    const fixed = targets.length - (starred < 0 ? 0 : 1);
    if (items.length < fixed || (starred < 0 && items.length > fixed)) {
      const few = items.length < fixed ? 'not enough' : 'too many';
      throw new SourceError(`${few} values to unpack: need ${fixed} but found ${items.length}`, line);
    }
    const rest = items.length - fixed;
    return targets.map((target, i) => {
      if (i === starred) return [target, tupleOf(items.slice(i, i + rest))];
      return [target, items[starred >= 0 && i > starred ? i + rest - 1 : i] as Type];
    });
  }

  #setAttribute({ of, name, line }: Of<'attribute'>): void {
    const owner = this.typeOf(of);
    if (owner.kind === 'unknown') return;
    throw new SourceError(`Tried to set an attribute: ${name} on a non-class: ${typeName(owner)}`, line);
  }

  #text({ parts }: Of<'text'>): Type {
    for (const part of parts) this.typeOf(part);
    return STR;
  }

  #identity(expression: Of<'compare'>, operator: string, operand: Expression): Condition {
    const left = this.typeOf(expression.first);
    const right = this.typeOf(operand);
    if (left.kind === 'unknown' && right.kind === 'unknown') return UNCERTAIN;
    let condition = OPEN;
    if (is(right, 'None')) condition = isNone(left, variableName(expression.first));
    else if (is(left, 'None')) condition = isNone(right, variableName(operand));
    return operator === 'is' ? condition : negated(condition);
  }

  /** A chain of comparisons is read from the left, or as Python does where that has no meaning. */
  #compare({ first, rest }: Of<'compare'>): Type {
    let left = this.typeOf(first);
    let result: Type = BOOL;
    for (const [i, { operator, operand }] of rest.entries()) {
      const right = this.typeOf(operand);
      const fromLeft = i > 0 && (is(result, 'Tensor') || is(right, 'bool'));
      result = this.#compareTwo(operator, fromLeft ? result : left, right, operand.line);
      left = right;
    }
    return result;
  }

  #compareTwo(operator: string, left: Type, right: Type, line: number): Type {
    if (operator.startsWith('is')) return BOOL;
    if (operator.endsWith('in')) {
      return this.callOperator('aten::__contains__', { positional: [right, left], named: [] }, line);
    }
    return this.operate(operator, left, right, line);
  }

  #unary({ operator, operand, line }: Of<'unary'>): Type {
    const type = this.typeOf(operand);
    const name = operator === '-' ? 'aten::neg' : operator === '~' ? 'aten::bitwise_not' : undefined;
    return name === undefined ? type : this.callOperator(name, { positional: [type], named: [] }, line);
  }

  #conditional({ condition, body, otherwise, line }: Of<'conditional'>, hint?: Type): Type {
    const { whenTrue, whenFalse, value, mayBeDecided = false } = this.condition(condition);
    const ofBody = () => this.within(whenTrue, () => this.typeOf(body, hint));
    const ofOtherwise = () => this.within(whenFalse, () => this.typeOf(otherwise, hint));
    if (value !== undefined) return value ? ofBody() : ofOtherwise();
    const [a, b] = mayBeDecided ? eitherOrBoth(ofBody, ofOtherwise) : [ofBody(), ofOtherwise()];
    if (a === undefined || b === undefined) return a ?? b ?? UNKNOWN;
    const both = unify(a, b) ?? (mayBeDecided ? UNKNOWN : undefined);
    if (both !== undefined) return both;
    throw new SourceError(
      `if-expression's true branch has type ${typeName(a)} but false branch has type ${typeName(b)}`,
      line,
    );
  }
}

/**
 * What two branches give of which one may not be compiled: undefined for one that is wrong where the other is not.
 * @throws SourceError where both are wrong.
 */
export function eitherOrBoth<T>(first: () => T, second: () => T): [T | undefined, T | undefined] {
  const fault = { of: undefined as SourceError | undefined };
  const attempt = (run: () => T): T | undefined => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof SourceError) || fault.of !== undefined) throw fault.of ?? error;
      fault.of = error;
      return undefined;
    }
  };
  return [attempt(first), attempt(second)];
}
