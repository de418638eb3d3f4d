import { SourceError } from '../language/lexer.ts';
import type { Expression, FunctionDefinition, Statement } from '../language/syntax.ts';
import { annotatedType } from './annotations.ts';
import type { Refinements } from './conditions.ts';
import { ExpressionChecker, eitherOrBoth, type Surroundings } from './expression-checker.ts';
import { converted } from './matching.ts';
import type { Scope } from './scope.ts';
import { is, isSubtype, NONE, type Type, typeName, UNKNOWN, unify } from './types.ts';

type Of<Kind extends Statement['kind']> = Extract<Statement, { kind: Kind }>;

interface Branch {
  /** Its end is never reached. */
  readonly ends: boolean;
  readonly scope: Scope;
}

/** The statements of one function. */
export class StatementChecker {
  readonly #checker: ExpressionChecker;
  readonly #surroundings: Surroundings;
  /** As it is annotated. */
  readonly #declared: Type | undefined;
  #returned: Type | undefined;
  readonly #loops: ('loop' | 'unrolled')[] = [];

  constructor(surroundings: Surroundings, declared: Type | undefined) {
    this.#surroundings = surroundings;
    this.#checker = new ExpressionChecker(surroundings);
    this.#declared = declared;
  }

  /**
   * Checks a body.
   * @returns what the function gives.
   * @throws SourceError
   */
  check({ body, line }: FunctionDefinition, parameters: ReadonlyMap<string, Type>): Type {
    for (const [name, type] of parameters) this.#checker.scope.declare(name, type, line);
    const ends = this.#block(body);
    if (!ends) {
      if (this.#declared !== undefined && this.#declared.kind !== 'unknown' && !is(this.#declared, 'None')) {
        throw new SourceError(
          'Function was not annotated as having type None, but does not return along all paths',
          line,
        );
      }
      this.#return(NONE, line);
    }
    return this.#declared ?? this.#returned ?? NONE;
  }

  /** Returns whether the end of the block is never reached. What stands behind that is not compiled. */
  #block(statements: readonly Statement[]): boolean {
    return statements.some((statement) => this.#statement(statement));
  }

  #statement(statement: Statement): boolean {
    const { line } = statement;
    switch (statement.kind) {
      case 'pass':
        return false;
      case 'break':
      case 'continue':
        this.#leaveLoop(statement.kind, line);
        // What comes behind it is compiled all the same.
        return false;
      case 'expression':
        this.#expression(statement.value);
        return false;
      case 'return':
        this.#return(
          statement.value === null ? NONE : this.#checker.typeOf(statement.value, this.#declared),
          line,
        );
        return true;
      case 'assign':
        this.#assign(statement);
        return false;
      case 'augmented':
        this.#augmented(statement);
        return false;
      case 'if':
        return this.#if(statement);
      case 'while':
        this.#checker.within(new Map(), () => this.#checker.condition(statement.condition));
        this.#loop(() => this.#block(statement.body));
        return false;
      case 'for':
        return this.#for(statement);
      case 'with':
        return this.#with(statement);
      case 'raise':
        this.#raise(statement.value, line);
        return true;
      case 'assert': {
        const condition = this.#checker.condition(statement.condition);
        if (statement.message !== null) this.#checker.typeOf(statement.message);
        this.#checker.scope.refineAll(condition.whenTrue);
        return condition.value === false;
      }
      case 'delete':
        for (const target of statement.targets) this.#delete(target, line);
        return false;
      case 'function':
        this.#checker.scope.defineClosure(statement.name);
        return false;
      case 'class':
      case 'import':
      case 'decorator':
        throw new SourceError(`${NAMES[statement.kind]} is not part of TorchScript`, line);
    }
  }

  #expression(value: Expression): void {
    const isPrint =
      value.kind === 'call' &&
      value.callee.kind === 'name' &&
      value.callee.name === 'print' &&
      !this.#checker.scope.has('print');
    if (!isPrint) {
      if (value.kind !== 'string') this.#checker.typeOf(value);
      return;
    }
    if (value.named.length > 0)
      throw new SourceError("print doesn't accept any keyword arguments", value.line);
    this.#checker.argumentsOf(value);
  }

  #return(type: Type, line: number): void {
    const declared = this.#declared;
    if (declared !== undefined) {
      if (isSubtype(converted(declared, type, true), declared)) return;
      throw new SourceError(
        `Return value was annotated as having type ${typeName(declared)} but is actually of type ${typeName(type)}`,
        line,
      );
    }
    const merged = this.#returned === undefined ? type : unify(this.#returned, type);
    if (merged === undefined) {
      throw new SourceError(
        `Previous return statement returned a value of type ${typeName(this.#returned ?? UNKNOWN)} but this return statement returns a value of type ${typeName(type)}`,
        line,
      );
    }
    this.#returned = merged;
  }

  #assign({ targets, type: annotation, value, line }: Of<'assign'>): void {
    const [target] = targets;
    if (value === null || target === undefined) {
      throw new SourceError('For an assignment, expected an expression on the right-hand side', line);
    }
    if (annotation === null) {
      const type = this.#checker.isReference(value) ? UNKNOWN : this.#checker.typeOf(value);
      for (const each of targets) this.#checker.assign(each, type);
      return;
    }
    const wanted = annotatedType(annotation, this.#surroundings.dialect);
    const actual = this.#checker.typeOf(value, wanted);
    if (!isSubtype(converted(wanted, actual, true), wanted)) {
      const name = target.kind === 'name' ? target.name : target.kind;
      throw new SourceError(
        `Variable '${name}' is annotated with type ${typeName(wanted)} but is being assigned to a value of type ${typeName(actual)}`,
        line,
      );
    }
    if (target.kind === 'name') this.#checker.scope.declare(target.name, wanted, line);
    else this.#checker.assign(target, wanted);
  }

  #augmented({ operator, target, value, line }: Of<'augmented'>): void {
    const before = this.#checker.typeOf(target);
    const change = this.#checker.typeOf(value);
    const inPlace = is(before, 'Tensor') ? IN_PLACE[operator] : undefined;
    const args = { positional: [before, change], named: [] };
    if (inPlace !== undefined) {
      this.#checker.callOperator(inPlace, args, line);
      if (target.kind === 'attribute') this.#checker.assign(target, before);
      return;
    }
    const isNumber = operator === '%' && !is(before, 'str');
    const after = isNumber
      ? this.#checker.callOperator('aten::fmod', args, line)
      : this.#checker.operate(operator, before, change, line);
    this.#checker.assign(target, after);
  }

  #if({ condition, body, otherwise, line }: Of<'if'>): boolean {
    const { whenTrue, whenFalse, value, mayBeDecided = false } = this.#checker.condition(condition);
    if (value !== undefined) {
      this.#checker.scope.refineAll(value ? whenTrue : whenFalse);
      return this.#block(value ? body : otherwise);
    }
    const [first, second] = [() => this.#branch(whenTrue, body), () => this.#branch(whenFalse, otherwise)];
    const [a, b] = mayBeDecided ? eitherOrBoth(first, second) : [first(), second()];
    if (a === undefined || b === undefined) {
      const only = (a ?? b) as Branch;
      this.#take(only.scope);
      return only.ends;
    }
    if (a.ends && b.ends) return true;
    if (a.ends || b.ends) this.#take(a.ends ? b.scope : a.scope);
    else {
      const names = [
        ...a.scope.written,
        ...b.scope.written,
        ...a.scope.faults.keys(),
        ...b.scope.faults.keys(),
      ];
      for (const name of new Set(names)) this.#merge(name, a.scope, b.scope, mayBeDecided ? undefined : line);
    }
    return false;
  }

  #branch(refinements: Refinements, body: readonly Statement[]): Branch {
    return this.#checker.within(refinements, () => {
      const { scope } = this.#checker;
      return { ends: this.#block(body), scope };
    });
  }

  /** Goes on with what one of two branches leaves, as the other does not end. */
  #take(from: Scope): void {
    const { scope } = this.#checker;
    for (const name of from.written) scope.refine(name, from.typeOf(name) ?? UNKNOWN);
    for (const [name, fault] of from.faults) scope.forbid(name, fault);
  }

  /** @param line of the condition; undefined where it may be decided, so that only one of the branches counts. */
  #merge(name: string, a: Scope, b: Scope, line: number | undefined): void {
    const { scope } = this.#checker;
    const fault = a.faults.get(name) ?? b.faults.get(name);
    const [x, y] = [a.typeOf(name), b.typeOf(name)];
    if (line === undefined) scope.refine(name, (x && y && unify(x, y)) ?? UNKNOWN);
    else if (fault !== undefined) scope.forbid(name, fault);
    else if (x === undefined || y === undefined) {
      const branch = x === undefined ? 'true' : 'false';
      scope.forbid(name, { reason: `${name} is not defined in the ${branch} branch`, line });
    } else {
      const declared = scope.declaredType(name);
      const both = unify(x, y, declared !== undefined && ['optional', 'union'].includes(declared.kind));
      if (both !== undefined) scope.refine(name, both);
      else {
        const reason = `Type mismatch: ${name} is set to type ${typeName(x)} in the true branch and type ${typeName(y)} in the false branch`;
        scope.forbid(name, { reason, line });
      }
    }
  }

  #for({ target, of, body }: Of<'for'>): boolean {
    const items = this.#checker.itemsOf(of);
    if ('each' in items) {
      this.#loop(() => {
        this.#checker.assign(target, items.each);
        this.#block(body);
      });
      return false;
    }
    // A loop over a tuple is its body as often as the tuple has items.
    this.#loops.push('unrolled');
    try {
      for (const type of items.unrolled) {
        this.#checker.assign(target, type);
        if (this.#block(body)) return true;
      }
    } finally {
      this.#loops.pop();
    }
    return false;
  }

  /** What a body writes is only seen behind the loop where it was there before. */
  #loop(body: () => void): void {
    this.#loops.push('loop');
    try {
      this.#checker.within(new Map(), body);
    } finally {
      this.#loops.pop();
    }
  }

  #leaveLoop(kind: string, line: number): void {
    const innermost = this.#loops.at(-1);
    if (innermost === undefined) throw new SourceError(`SyntaxError: '${kind}' outside loop`, line);
    if (innermost === 'unrolled') {
      throw new SourceError(`a loop over a tuple is unrolled, and cannot have a ${kind}`, line);
    }
  }

  #with({ items, body }: Of<'with'>): boolean {
    for (const { value, target } of items) {
      const type = this.#checker.typeOf(value);
      if (type.kind !== 'unknown')
        throw new SourceError('With item expression must return an object', value.line);
      if (target !== null) this.#checker.assign(target, UNKNOWN);
    }
    return this.#block(body);
  }

  #raise(value: Expression | null, line: number): void {
    if (value === null) throw new SourceError('raise needs an exception', line);
    const type = this.#checker.typeOf(value);
    if (type.kind !== 'unknown') throw new SourceError('exceptions must derive from BaseException', line);
  }

  #delete(target: Expression, line: number): void {
    if (target.kind === 'name') {
      this.#checker.typeOf(target);
      this.#checker.scope.forbid(target.name, { reason: `undefined value ${target.name}` });
      return;
    }
    const [index] = target.kind === 'subscript' ? target.indices : [];
    if (target.kind !== 'subscript' || index === undefined || !('line' in index)) {
      throw new SourceError(
        'del statements are only supported for deleting list and dict items and variables',
        line,
      );
    }
    const positional = [this.#checker.typeOf(target.of), this.#checker.typeOf(index)];
    this.#checker.callOperator('aten::Delete', { positional, named: [] }, line);
  }
}

/** Augmented assignments that change a tensor itself. `%=` is C's remainder, of numbers too. */
const IN_PLACE: Readonly<Record<string, string>> = {
  ...{ '+': 'aten::add_', '-': 'aten::sub_', '*': 'aten::mul_', '/': 'aten::div_', '%': 'aten::fmod_' },
};
const NAMES = { class: 'a class', import: 'an import', decorator: 'a decorator' } as const;
